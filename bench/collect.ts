/**
 * How many events a second can be acknowledged, durably, against a server that does nothing with them? Reference: a bare
 * node:http server that reads, parses and drops the same body. Both run in their own process with one wrk at 64
 * connections on loopback, in turn, rounds reversed, with 5,000 visitors behind one proxy, so that a drift of the machine's speed falls on both; the figure to
 * read is the median of the ratios. Needs wrk (Debian: apt-get install wrk). Run: npm run bench -- collect [rounds]
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROUNDS = Number(process.argv[2] ?? 5);
const SECONDS = 5;
const CONNECTIONS = 64;
const ROOT = fileURLToPath(new URL("../", import.meta.url));

const EVENT = {
  event: "page_view",
  url: "https://example.com/pricing",
  referrer: "https://www.google.com/",
  title: "Pricing",
  metadata: { path: "/pricing" },
};

const BARE_SERVER = `
  import { createServer } from "node:http";
  createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      JSON.parse(Buffer.concat(chunks).toString());
      response.writeHead(202, { "content-type": "application/json" });
      response.end('{"ok":true}');
    });
  }).listen(0, "127.0.0.1", function () { console.log("http://127.0.0.1:" + this.address().port); });
`;

const USER_AGENT =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
/** Addresses behind one trusted proxy, each a visitor of its own. */
const VISITORS = 5_000;

type Variant = { readonly name: string; readonly args: readonly string[]; readonly eventsPerRequest: number };

const folder = mkdtempSync(join(tmpdir(), "passerby-bench-"));
const passerby = (name: string): readonly string[] => [
  join(ROOT, "dist/server/passerby.js"),
  ...["start", "--port", "0", "--data-dir", join(folder, name)],
];
const bare = ["--input-type=module", "--eval", BARE_SERVER];
const VARIANTS: readonly Variant[] = [
  { name: "bare node:http, one event a request", args: bare, eventsPerRequest: 1 },
  { name: "passerby, one event a request", args: passerby("one"), eventsPerRequest: 1 },
  { name: "bare node:http, 20 events a request", args: bare, eventsPerRequest: 20 },
  { name: "passerby, 20 events a request", args: passerby("twenty"), eventsPerRequest: 20 },
];

async function startVariant(variant: Variant): Promise<{ readonly process: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, [...variant.args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TRUSTED_PROXIES: "127.0.0.1" },
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (url !== undefined) return { process: child, url };
  }
  throw new Error(`${variant.name} did not start`);
}

async function measure(variant: Variant): Promise<number> {
  const script = join(folder, `${variant.eventsPerRequest}.lua`);
  const body = JSON.stringify(variant.eventsPerRequest === 1 ? EVENT : new Array(variant.eventsPerRequest).fill(EVENT));
  writeFileSync(
    script,
    `local requests = {}
local next = 0
function init()
  local headers = { ["Content-Type"] = "application/json", ["User-Agent"] = "${USER_AGENT}" }
  for visitor = 1, ${VISITORS} do
    headers["X-Forwarded-For"] = "198.18." .. math.floor(visitor / 250) .. "." .. visitor % 250
    requests[visitor] = wrk.format("POST", "/api/metrics/event", headers, [==[${body}]==])
  end
end
function request()
  next = next % ${VISITORS} + 1
  return requests[next]
end
`,
  );
  const { process: server, url } = await startVariant(variant);
  const wrk = (seconds: number): string =>
    execFileSync("wrk", ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "-s", script, `${url}/api/metrics/event`], {
      encoding: "utf8",
    });
  wrk(2); // Warm-up: the compiler's and the disk's first seconds are nobody's figure.
  const report = wrk(SECONDS);
  server.kill("SIGTERM");
  await new Promise((resolve) => server.once("exit", resolve));
  if (/Non-2xx/.test(report)) throw new Error(`${variant.name}: ${report}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(report)?.[1]) * variant.eventsPerRequest;
}

function countLines(dir: string): number {
  const files = readdirSync(dir).filter((name) => /^metrics.*\.jsonl$/.test(name));
  return files.reduce((sum, name) => sum + readFileSync(join(dir, name)).filter((byte) => byte === 10).length, 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const figures = new Map<string, number[]>(VARIANTS.map(({ name }) => [name, []]));
for (let round = 0; round < ROUNDS; round += 1) {
  for (const variant of round % 2 === 0 ? VARIANTS : VARIANTS.toReversed()) {
    figures.get(variant.name)?.push(await measure(variant));
  }
}
for (const [name, values] of figures)
  console.log(`${name.padEnd(38)} ${Math.round(median(values)).toLocaleString("en")} events/s`);
for (const [index, label] of [
  [0, "one event"],
  [2, "20 events"],
] as const) {
  const reference = figures.get(VARIANTS[index]?.name ?? "") ?? [];
  const ours = figures.get(VARIANTS[index + 1]?.name ?? "") ?? [];
  const ratios = ours.map((value, round) => value / (reference[round] ?? Number.NaN));
  console.log(`acknowledged after fdatasync / bare, ${label} a request: ${median(ratios).toFixed(2)}`);
}
console.log(
  `lines in the log: ${(countLines(join(folder, "one")) + countLines(join(folder, "twenty"))).toLocaleString("en")}`,
);
rmSync(folder, { recursive: true });
