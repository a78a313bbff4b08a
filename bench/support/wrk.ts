/** Load by wrk (Debian: apt-get install wrk): one event or a batch a request, from 5,000 visitors behind one proxy. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const USER_AGENT =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
const VISITORS = 5_000;

/** A page view as a tracker sends it, 139 bytes. */
export const EVENT = {
  event: "page_view",
  url: "https://example.com/pricing",
  referrer: "https://www.google.com/",
  title: "Pricing",
  metadata: { path: "/pricing" },
} as const;

export type WrkReport = {
  readonly requestsPerSecond: number;
  readonly requests: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers that were not 2xx or 3xx, and requests without one. */
  readonly refused: number;
  readonly broken: number;
};

/** Returns the body of a request of so many events. */
export function bodyOf(events: number): string {
  return JSON.stringify(events === 1 ? EVENT : new Array(events).fill(EVENT));
}

/** Writes the script that wrk runs; returns its path. */
export function writeScript(folder: string, events: number): string {
  const path = join(folder, `events-${events}.lua`);
  writeFileSync(
    path,
    `local requests = {}
local next = 0
function init()
  local headers = { ["Content-Type"] = "application/json", ["User-Agent"] = "${USER_AGENT}" }
  for visitor = 1, ${VISITORS} do
    headers["X-Forwarded-For"] = "198.18." .. math.floor(visitor / 250) .. "." .. visitor % 250
    requests[visitor] = wrk.format("POST", "/api/metrics/event", headers, [==[${bodyOf(events)}]==])
  end
end
function request()
  next = next % ${VISITORS} + 1
  return requests[next]
end
`,
  );
  return path;
}

export type WrkOptions = { readonly connections: number; readonly seconds: number; readonly script: string };

/** Runs wrk for so many seconds. */
export async function runWrk(url: string, { connections, seconds, script }: WrkOptions): Promise<WrkReport> {
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "--latency", "-s", script];
  const { stdout } = await promisify(execFile)("wrk", [...args, `${url}/api/metrics/event`]);
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    requests: Number(/(\d+) requests in/.exec(stdout)?.[1]),
    p50: readLatency(stdout, "50%"),
    p99: readLatency(stdout, "99%"),
    refused: Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0),
    broken: (/Socket errors: (.*)/.exec(stdout)?.[1]?.match(/\d+/g) ?? []).reduce(
      (sum, count) => sum + Number(count),
      0,
    ),
  };
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

function readLatency(report: string, share: string): number {
  const [, value, unit = ""] = new RegExp(`${share}\\s+([\\d.]+)(us|ms|s)`).exec(report) ?? [];
  return Number(value) * (UNITS[unit] ?? Number.NaN);
}
