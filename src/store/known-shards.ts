/**
 * What the manifest says of sealed shards, for the loader: whether one is loaded already, without opening it, and whether
 * one was rewritten (an erasure) since it was loaded. The manifest only spares work and warns: without one, or with one
 * that cannot be read, every file is opened.
 */
import type { LogFile } from "../log/files/log-files.ts";
import type { Manifest, ShardFacts } from "../log/files/manifest.ts";
import { ManifestReader } from "../log/files/manifest-reader.ts";

/** A shard that the manifest knows: the key of its checkpoint, the bytes of its lines, how often it was rewritten. */
export type KnownShard = { readonly key: string; readonly bytes: number; readonly generation: number };

const NONE: Manifest = { shards: new Map(), lastNumbers: new Map() };

export class KnownShards {
  private readonly reader: ManifestReader;
  private manifest: Manifest = NONE;

  constructor(dataDir: string) {
    this.reader = new ManifestReader(dataDir);
  }

  /** Brings what is known up to date; to be called before the folder is listed. */
  refresh(): void {
    try {
      this.manifest = this.reader.read();
    } catch {
      this.manifest = NONE; // passerby verify reports it.
    }
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
}

/** A shard without any event left has no first one to be known by. */
function describe(shard: string, { first, bytes, generation }: ShardFacts): KnownShard {
  return { key: first ?? shard, bytes, generation };
}
