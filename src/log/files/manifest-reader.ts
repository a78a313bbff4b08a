/** The manifest for whoever asks for it often. */
import { join } from "node:path";
import { MANIFEST_FILE, type Manifest, readManifest } from "./manifest.ts";
import { stampOf } from "./stamp-of.ts";

/** Reads the manifest again only when it was replaced. */
export class ManifestReader {
  private readonly dataDir: string;
  private stamp: string | undefined;
  private manifest: Manifest = { shards: new Map(), lastNumbers: new Map() };

  constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  /** Returns the manifest as it is now. Throws `log_damaged`. */
  read(): Manifest {
    const stamp = stampOf(join(this.dataDir, MANIFEST_FILE)) ?? "none";
    if (stamp !== this.stamp) {
      this.manifest = readManifest(this.dataDir);
      this.stamp = stamp;
    }
    return this.manifest;
  }
}
