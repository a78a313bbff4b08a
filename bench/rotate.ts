/**
 * What does it cost to compress the log? MB a second and the ratio of gzip and zstd, written, synced and read back, against
 * the gzip program alone; and the p99 of a collector under load with a rotator at work beside it and without, in turn.
 *
 * Run: npm run bench -- rotate [rounds, default 2] [seconds of load, default 4]. Needs a build (npm run build) and wrk.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { measureShard } from "../src/log/read/measure-shard.ts";
import { compressShard } from "../src/log/rotate/compress-shard.ts";
import { writeSampleShards } from "./support/sample-shards.ts";
import { passerby } from "./support/servers.ts";
import { runWrk, type WrkReport, writeScript } from "./support/wrk.ts";

const ROUNDS = Number(process.argv[2] ?? 2);
const SECONDS = Number(process.argv[3] ?? 4);
/** Three shards of 64 MiB at 470 bytes an event: enough for a rotator to be at work for the whole of a measurement. */
const EVENTS = 420_000;
const CONNECTIONS = 64;
const COMMAND = fileURLToPath(new URL("../dist/server/passerby.js", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "passerby-bench-"));
const samples = join(folder, "samples");
mkdirSync(samples);
writeSampleShards(samples, EVENTS);

/** Makes the sample shards appear in a folder, without writing them again. */
function provideShards(dataDir: string): void {
  for (const name of readdirSync(samples)) {
    rmSync(join(dataDir, `${name}.gz`), { force: true });
    rmSync(join(dataDir, name), { force: true });
    linkSync(join(samples, name), join(dataDir, name));
  }
}

async function measureCompression(compression: "gzip" | "zstd"): Promise<void> {
  const dataDir = mkdtempSync(join(folder, "compress-"));
  provideShards(dataDir);
  const [shard = ""] = readdirSync(dataDir);
  const facts = { ...(await measureShard(join(dataDir, shard))), generation: 0 };
  const began = performance.now();
  const { signal } = new AbortController();
  const bytes = await compressShard({ dataDir, shard, facts, compression, signal, onStep: () => undefined });
  tellRate(`${compression}, verified`, { seconds: (performance.now() - began) / 1_000, from: facts.bytes, to: bytes });
  const perEvent = (size: number): string => (size / facts.lines).toFixed(0);
  console.log(`${"".padEnd(22)} ${perEvent(facts.bytes)} bytes an event, ${perEvent(bytes)} compressed`);
}

function measureReference(): void {
  const [shard = ""] = readdirSync(samples);
  const path = join(samples, shard);
  const began = performance.now();
  const { stdout } = spawnSync("gzip", ["-6", "-c", path], { maxBuffer: 2 ** 28 });
  const seconds = (performance.now() - began) / 1_000;
  tellRate("gzip -6, the program", { seconds, from: statSync(path).size, to: stdout.length });
}

function tellRate(name: string, { seconds, from, to }: { seconds: number; from: number; to: number }): void {
  const rate = (from / 1e6 / seconds).toFixed(0).padStart(5);
  console.log(`${name.padEnd(22)} ${rate} MB/s   ${(from / to).toFixed(1)} times smaller`);
}

/** Rotates again and again until it is stopped. */
function startRotator(dataDir: string): ChildProcess {
  const args = ["rotate", "--data-dir", dataDir, "--interval", "1", "--delete-after-days", "100000"];
  return spawn(process.execPath, [COMMAND, ...args], { stdio: "ignore" });
}

async function measureCollector(): Promise<void> {
  const dataDir = mkdtempSync(join(folder, "data-"));
  const server = await passerby("passerby", { METRICS_STORE: "off", METRICS_ROTATE: "off" }).start(dataDir);
  const script = writeScript(folder, 1);
  const load = (): Promise<WrkReport> => runWrk(server.url, { connections: CONNECTIONS, seconds: SECONDS, script });
  await load();
  for (let round = 0; round < ROUNDS; round++) {
    for (const isBeside of round % 2 === 0 ? [false, true] : [true, false]) {
      if (isBeside) provideShards(dataDir);
      const rotator = isBeside ? startRotator(dataDir) : undefined;
      const { p50, p99, requestsPerSecond, refused } = await load();
      const left = readdirSync(dataDir).filter((name) => /2026-10-31\.\d+\.jsonl$/.test(name)).length;
      const name = isBeside ? `with a rotator (${left} left)` : "alone";
      console.log(
        `${name.padEnd(26)} p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${requestsPerSecond.toFixed(0)} requests/s, ${refused} refused`,
      );
      if (rotator === undefined) continue;
      rotator.kill("SIGTERM");
      await once(rotator, "close");
    }
  }
  await server.stop();
}

try {
  console.log(`${cpus()[0]?.model}, ${cpus().length} CPUs, Node ${process.versions.node}; ${EVENTS} events`);
  measureReference();
  await measureCompression("gzip");
  await measureCompression("zstd");
  await measureCollector();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
