/**
 * What the manifest says of sealed shards, for the loader: whether one is loaded already, without opening it, and whether
 * one was rewritten (an erasure) since it was loaded. The manifest only spares work and warns: without one, or with one
 * that cannot be read, every file is opened.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { LogFile } from "../log/files/log-files.ts";
import { MANIFEST_FILE, type Manifest, readManifest, type ShardFacts } from "../log/files/manifest.ts";

/** A shard that the manifest knows: the key of its checkpoint, the bytes of its lines, how often it was rewritten. */
export type KnownShard = { readonly key: string; readonly bytes: number; readonly generation: number };

const NONE: Manifest = { shards: new Map(), lastNumbers: new Map() };

/** Reads the manifest again only when it was replaced. */
export class KnownShards {
  private readonly dataDir: string;
  private manifest: Manifest = NONE;
  private version = "";

  constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  /** Brings what is known up to date; to be called before the folder is listed. */
  refresh(): void {
    const stats = statSync(join(this.dataDir, MANIFEST_FILE), { throwIfNoEntry: false });
    const version = stats === undefined ? "" : `${stats.ino}/${stats.size}/${stats.mtimeMs}`;
    if (version === this.version) return;
    this.version = version;
    this.manifest = this.read();
  }

  /** Returns what is known of a file; undefined for one that is being written or was sealed a moment ago. */
  find(file: LogFile): KnownShard | undefined {
    const facts = file.kind === "active" ? undefined : this.manifest.shards.get(file.shard);
    return facts && describe(file.shard, facts);
  }

  /** Lists the shards that were rewritten. */
  rewritten(): readonly KnownShard[] {
    return [...this.manifest.shards]
      .map(([shard, facts]) => describe(shard, facts))
      .filter(({ generation }) => generation > 0);
  }

  private read(): Manifest {
    try {
      return readManifest(this.dataDir);
    } catch {
      return NONE; // passerby verify reports it.
    }
  }
}

/** A shard without any event left has no first one to be known by. */
function describe(shard: string, { first, bytes, generation }: ShardFacts): KnownShard {
  return { key: first ?? shard, bytes, generation };
}
