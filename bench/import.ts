/**
 * How many lines a second does the import of an access log manage, from file to shard on disk? Reference: the same file
 * read by node:readline with one regular expression a line, which counts page views and does nothing else. Both run in
 * turn in this process, order reversed every round, after one round that is not counted; the import's answer is checked
 * against the reference's before anything is timed. The log is the shared combined_5k.log (5,000 real
 * requests) where it is, else made up, repeated to 200,000 lines. Run: npm run bench -- import [rounds]
 */
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { systemClock } from "../src/clock.ts";
import { importAccessLog } from "../src/transfer/access-log.ts";
import { ASSET_EXTENSIONS } from "../src/transfer/page-view.ts";
import { sharedData } from "../test/means.ts";

const ROUNDS = Number(process.argv[2] ?? 5);
const LINES = 200_000;
const LINE = /^(\S+) \S+ \S+ \[([^\]]+)\] "GET (\S+)[^"]*" (200|304) \S+ "([^"]*)" "([^"]*)"/;

const folder = mkdtempSync(join(tmpdir(), "passerby-bench-"));
const log = join(folder, "access.log");
writeFileSync(log, makeLog());

function makeLog(): string {
  const shared = sharedData("access-log/combined_5k.log");
  const made = Array.from({ length: 5000 }, (_, index) => {
    const agent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${100 + (index % 40)}.0.0.0 Safari/537.36`;
    return `192.0.2.${index % 250} - - [17/May/2015:10:05:03 +0000] "GET /page/${index % 300} HTTP/1.1" 200 17 "-" "${agent}"\n`;
  });
  const text = shared === undefined ? made.join("") : readFileSync(shared, "utf8");
  return text.repeat(LINES / 5000);
}

async function readBarely(): Promise<number> {
  let pageViews = 0;
  for await (const line of createInterface({ input: createReadStream(log), crlfDelay: Number.POSITIVE_INFINITY })) {
    const target = LINE.exec(line)?.[3]?.replace(/[?#].*/, "");
    if (target === undefined) continue;
    const ending = /\.([A-Za-z0-9]{1,12})$/.exec(target)?.[1]?.toLowerCase();
    if (ending === undefined || !ASSET_EXTENSIONS.has(ending)) pageViews += 1;
  }
  return pageViews;
}

async function importOnce(round: number): Promise<number> {
  const dataDir = join(folder, `data-${round}`);
  const report = await importAccessLog({
    ...{ path: log, dataDir, stdin: Readable.from([]), dataset: "bench", keepDays: null, format: undefined },
    ...{ site: { name: "blog.example", hosts: [] }, clock: systemClock, onProgress: () => undefined },
  });
  rmSync(dataDir, { recursive: true });
  return report.added;
}

async function timed(run: () => Promise<number>): Promise<number> {
  const start = performance.now();
  await run();
  return LINES / ((performance.now() - start) / 1000);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

try {
  const [expected, found] = [await readBarely(), await importOnce(0)];
  if (expected !== found) throw new Error(`the reference counts ${expected} page views, the import ${found}`);
  const rates: { bare: number; imported: number }[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const steps = [() => timed(readBarely), () => timed(() => importOnce(round))];
    if (round % 2 === 0) steps.reverse();
    const [first = 0, second = 0] = [await steps[0]?.(), await steps[1]?.()];
    rates.push(round % 2 === 0 ? { bare: second, imported: first } : { bare: first, imported: second });
  }
  const bytes = statSync(log).size;
  const bare = median(rates.map((rate) => rate.bare));
  const imported = median(rates.map((rate) => rate.imported));
  const ratio = median(rates.map((rate) => rate.imported / rate.bare));
  const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
  console.log(
    `Node ${process.versions.node}, ${LINES} lines, ${whole(bytes / 1e6)} MB, ${found} page views, ${ROUNDS} rounds`,
  );
  console.log(`bare readline and one regular expression  ${whole(bare)} lines/s`);
  console.log(
    `passerby import access-log                ${whole(imported)} lines/s, ${ratio.toFixed(2)} of the reference`,
  );
  console.log(`memory at the end                         ${whole(process.memoryUsage.rss() / 1e6)} MB`);
} finally {
  rmSync(folder, { recursive: true });
}
