/** Writes what is sound of a shard into a temporary file in the same form, and reads it back before it is trusted. */
import { createHash, type Hash } from "node:crypto";
import { open } from "node:fs/promises";
import { PassThrough, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip, createZstdCompress } from "node:zlib";
import { PasserbyError } from "../../errors.ts";
import { syncFile } from "../files/durable-file.ts";
import type { Compression } from "../files/log-files.ts";
import type { ShardFacts } from "../files/manifest.ts";
import { openLineSource } from "../read/line-source.ts";
import type { ScannedForm } from "../verify/check-shard.ts";
import { type ByteRange, scanFile } from "../verify/scan-file.ts";
import { copyRanges, rangesOutside } from "./copy-ranges.ts";

/** Writes `temporary`, durable and checked, and returns its facts. Throws `log_unavailable` when it is not what was written. */
export async function writeRepaired(form: ScannedForm, temporary: string): Promise<Omit<ShardFacts, "generation">> {
  const { surplus = [], facts } = form.scan ?? {};
  const hash = createHash("sha256");
  await copySound(form, temporary, { kept: rangesOutside(surplus, facts?.bytes ?? 0), hash });
  syncFile(temporary);
  const scan = await scanFile({ path: temporary, name: form.name, isActive: false, compression: form.compression });
  if (scan.damaged === 0 && scan.facts.sha256 === hash.digest("hex")) return scan.facts;
  throw new PasserbyError("log_unavailable", `${form.name} was rewritten and does not read back: nothing is replaced`);
}

type Copy = { readonly kept: readonly ByteRange[]; readonly hash: Hash };

async function copySound(form: ScannedForm, temporary: string, { kept, hash }: Copy): Promise<void> {
  const source = await openLineSource(form.path);
  try {
    const file = await open(temporary, "w", 0o600);
    const pieces = async function* (): AsyncGenerator<Buffer, void, void> {
      for await (const piece of copyRanges(source, kept)) {
        hash.update(piece);
        yield Buffer.from(piece); // The compressor holds what it was given.
      }
    };
    await pipeline(pieces, compressor(form.compression), file.createWriteStream());
  } finally {
    await source.close();
  }
}

function compressor(compression: Compression): Transform {
  if (compression === "gzip") return createGzip();
  // Without a checksum of its own a flipped bit in a frame goes unnoticed (RFC 8878, section 3.1.1).
  if (compression === "zstd") return createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  return new PassThrough();
}
