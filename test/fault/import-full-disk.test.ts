/** An import onto a disk that fills up: a real tmpfs, too small for the shard. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { type ImportReport, importAccessLog } from "../../src/transfer/access-log.ts";
import { hasTmpfs, mountTmpfs } from "./tmpfs.ts";

function run(path: string, dataDir: string): Promise<ImportReport> {
  const site = { name: "example.com", hosts: [] };
  const fixed = {
    stdin: Readable.from([]),
    dataset: "old",
    keepDays: null,
    format: undefined,
    onProgress: () => undefined,
  };
  return importAccessLog({ path, dataDir, site, clock: systemClock, ...fixed });
}

describe.skipIf(!hasTmpfs)("an import onto a full disk [needs tmpfs]", () => {
  it("says so and leaves nothing behind, and succeeds on a larger one", async () => {
    const [small, large] = [mountTmpfs("1m"), mountTmpfs("16m")];
    const path = join(large, "access.log");
    const line = (index: number): string =>
      `192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /${index} HTTP/1.1" 200 17 "-" "Mozilla/5.0 (X11) Firefox/9"\n`;
    writeFileSync(path, Array.from({ length: 9000 }, (_, index) => line(index)).join(""));
    await expect(run(path, small)).rejects.toMatchObject({
      code: "data_dir_unusable",
      message: expect.stringMatching(/cannot take the import \(ENOSPC.*\): nothing was imported$/),
    });
    expect(readdirSync(small)).toEqual([]);
    expect(await run(path, join(large, "data"))).toMatchObject({ added: 9000 });
  });
});
