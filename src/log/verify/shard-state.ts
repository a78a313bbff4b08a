/**
 * What the folder says of a shard at a moment: the forms that it is there in, and its facts in the manifest. Two moments that
 * say the same have the same files between them, so what was read in the meantime belongs together.
 */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Compression, compressedName } from "../files/log-files.ts";
import type { ShardFacts } from "../files/manifest.ts";
import type { ManifestReader } from "../files/manifest-reader.ts";
import { stampOf } from "../files/stamp-of.ts";
import { askSocket, SHARDS_SOCKET, socketPath } from "../owner/control-channel.ts";

/** One form of a shard. */
export type ShardForm = {
  readonly name: string;
  readonly path: string;
  readonly compression: Compression;
  readonly bytes: number;
};
export type ShardState = {
  /** The form that readers use first. */
  readonly forms: readonly ShardForm[];
  readonly facts: ShardFacts | undefined;
  /** Equal for equal states. */
  readonly stamp: string;
};

/**
 * How long others' work on the shards is waited for. Only the waiting counts: to read a log takes longer than a moment of
 * anybody's work, and what looks like damage at its end is waited for as long as at its beginning.
 */
export class Patience {
  private readonly eachMs: number;
  private leftMs: number;

  constructor({ eachMs, inAllMs }: { readonly eachMs: number; readonly inAllMs: number }) {
    this.eachMs = eachMs;
    this.leftMs = inAllMs;
  }

  /** For something new that looks like damage; what it returns waits a little, or resolves false where there was enough. */
  begin(): () => Promise<boolean> {
    let waitedMs = 0;
    return async () => {
      if (waitedMs >= this.eachMs || this.leftMs <= 0) return false;
      waitedMs += POLL_MS;
      this.leftMs -= POLL_MS;
      await delay(POLL_MS);
      return true;
    };
  }
}

const COMPRESSIONS: readonly Compression[] = ["none", "gzip", "zstd"];
const POLL_MS = 100;
const HELLO_TIMEOUT_MS = 1_000;

/** Looks at a shard, by the name it was sealed under. */
export function readShardState(dataDir: string, shard: string, manifest: ManifestReader): ShardState {
  const forms: ShardForm[] = [];
  const stamps: (string | undefined)[] = [];
  for (const compression of COMPRESSIONS) {
    const name = compressedName(shard, compression);
    const path = join(dataDir, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (!stats?.isFile()) continue;
    forms.push({ name, path, compression, bytes: stats.size });
    stamps.push(name, stampOf(path));
  }
  const facts = manifest.read().shards.get(shard);
  return { forms, facts, stamp: JSON.stringify([stamps, facts]) };
}

/**
 * Waits until something that looks like damage is known to be more than a moment in somebody's work on the shards: `stamp`
 * still gives what was `judged` while nobody works on them, or when there is no patience left. False when it has changed.
 */
export async function isSettled(
  dataDir: string,
  { judged, stamp }: { readonly judged: string; readonly stamp: () => string },
  patience: Patience,
): Promise<boolean> {
  const patient = patience.begin();
  for (;;) {
    const isIdle = !(await isAnybodyAtWork(dataDir));
    if (stamp() !== judged) return false;
    if (isIdle || !(await patient())) return true;
  }
}

async function isAnybodyAtWork(dataDir: string): Promise<boolean> {
  const { path, close } = socketPath(dataDir, SHARDS_SOCKET);
  try {
    const reply = await askSocket(path, { command: "hello", args: null }, HELLO_TIMEOUT_MS);
    return reply.kind !== "nobody";
  } catch {
    return false; // The folder is of another user, or read-only: whoever works there cannot be asked.
  } finally {
    close();
  }
}
