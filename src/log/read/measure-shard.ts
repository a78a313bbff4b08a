/** Reads a sealed shard once, in whatever form it is stored, and says what it holds. */
import { createHash } from "node:crypto";
import { PasserbyError } from "../../errors.ts";
import type { ShardFacts } from "../files/manifest.ts";
import { openLineSource } from "./line-source.ts";
import { fileIdentity } from "./read-lines.ts";

const CHUNK_BYTES = 1_048_576;
const NEWLINE = 0x0a;

/** Returns the facts of a shard but for its generation. Throws `log_damaged` for a compressed one that does not end. */
export async function measureShard(path: string): Promise<Omit<ShardFacts, "generation">> {
  const source = await openLineSource(path);
  try {
    const hash = createHash("sha256");
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let bytes = 0;
    let lines = 0;
    for (;;) {
      const read = await source.read(chunk, CHUNK_BYTES, bytes);
      if (read === 0) break;
      const part = chunk.subarray(0, read);
      hash.update(part);
      for (let at = part.indexOf(NEWLINE); at >= 0; at = part.indexOf(NEWLINE, at + 1)) lines += 1;
      bytes += read;
    }
    const damage = source.damage();
    if (damage !== undefined)
      throw new PasserbyError("log_damaged", `${path} breaks off after ${bytes} bytes: ${damage}`);
    return { sha256: hash.digest("hex"), bytes, lines, first: (await fileIdentity(path)) ?? null };
  } finally {
    await source.close();
  }
}
