/** The ledger of a real server against a client's own account, through a kill, a flood, drops and a full disk. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import type { StoredCheck } from "../../src/collector/ledger/check-stored.ts";
import type { LedgerReport } from "../../src/collector/ledger/ledger-report.ts";
import { readLedger } from "../../src/collector/ledger/read-ledger.ts";
import { systemErrorCode } from "../../src/errors.ts";
import { isLong } from "../means.ts";
import { COMMAND } from "../support/command.ts";
import { type Account, makeAccount, type Request, sendCounted } from "./counting-client.ts";
import { makeLedger, seededRandom, startLoad } from "./load.ts";
import { countIds, makeFolder } from "./log-fixtures.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";
import { hasTmpfs, mountTmpfs } from "./tmpfs.ts";

type Shown = { readonly code: number | null; readonly report: LedgerReport & { readonly check: StoredCheck } };

/** Runs `passerby ledger --check --json` over everything. */
async function showLedger(dataDir: string): Promise<Shown> {
  const { code, output } = await run(["ledger", "--data-dir", dataDir, "--since", "30d", "--check", "--json"]);
  return { code, report: JSON.parse(output) };
}

async function run(args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  await once(child, "close");
  return { code: child.exitCode, output };
}

/** Starts a server that limits no rate unless it is told to. */
function start(dataDir: string, settings: Readonly<Record<string, string>> = {}): ServerProcess {
  const all = { METRICS_RATE_LIMIT: "0", METRICS_SITES: "example.com,other.org", ...settings };
  return startServerProcess(dataDir, ["env", ...Object.entries(all).map(([name, value]) => `${name}=${value}`)]);
}

/** What the ledger says, in the shape of a client's account. */
function accountOf({ totals }: LedgerReport): Account {
  const { received, stored, dropped, refused } = totals;
  return { received, stored, dropped: { ...dropped }, refused: { ...refused } };
}

function events(count: number, changes: Readonly<Record<string, unknown>> = {}): Request {
  const all = Array.from({ length: count }, () => ({ event: "click", visitor_id: "visitor-0001", ...changes }));
  return { body: JSON.stringify(all), events: count };
}

const BIG = { metadata: { text: "x y ".repeat(3_000) } };
const GOOD = { site: "other.org" };

/** Takes what is left of a disk, to the last page. */
function fillUp(path: string): void {
  const page = Buffer.alloc(4_096);
  try {
    for (;;) appendFileSync(path, page);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOSPC") throw error;
  }
}

/** Requests of every kind that an answer can be had for without breaking the server. */
function everyKind(): readonly Request[] {
  const twice = { ...GOOD, event_id: randomUUID() };
  return [
    events(1),
    events(7, GOOD),
    events(2, twice),
    events(3, { site: "nowhere.net" }),
    { body: JSON.stringify([{ event: "click" }, { event: "" }, 5]), events: 3 },
    { ...events(2), headers: { "sec-gpc": "1" } },
    { ...events(4, GOOD), headers: { "user-agent": "Googlebot/2.1 (+http://www.google.com/bot.html)" } },
    { ...events(2), headers: { origin: "https://elsewhere.net" } },
    { ...events(2), headers: { "content-type": "text/html" } },
    { ...events(2), headers: { authorization: "Bearer pb_ingest_unknown" } },
    { body: "{", events: 1 },
    events(501),
    { body: `"${"x".repeat(70_000)}"`, events: 1 },
  ];
}

const REFUSED = [
  ...["invalid_event", "invalid_json", "unsupported_media_type", "key_required", "origin_not_allowed"],
  "payload_too_large",
];

describe("the ledger of a server", () => {
  it("is what a client was told, whatever it sent, and goes on over a restart", async () => {
    const dataDir = makeFolder();
    const account = makeAccount();
    for (let round = 0; round < 2; round++) {
      const server = start(dataDir, { METRICS_BOTS: "drop" });
      const url = await server.url;
      const random = seededRandom(round);
      const requests = Array.from({ length: isLong ? 20 : 3 }, everyKind).flat();
      requests.sort(() => random() - 0.5);
      const send = async (): Promise<void> => {
        for (let next = requests.pop(); next; next = requests.pop()) await sendCounted(url, next, account);
      };
      await Promise.all(Array.from({ length: 8 }, send));
      const { code, report } = await showLedger(dataDir);
      expect([code, accountOf(report), report.balanced, report.warnings]).toEqual([0, account, true, []]);
      expect((await server.end("SIGTERM")).code).toBe(0);
    }
    const { code, report } = await showLedger(dataDir);
    expect([code, accountOf(report), report.totals.in_flight, report.totals.uncertain]).toEqual([0, account, 0, false]);
    expect(report.check).toEqual({ events: account.stored, erased: 0, differences: [] });
    expect(Object.keys(account.dropped).sort()).toEqual(["bot", "duplicate", "opted_out"]);
    // A machine that is slow refuses some as overloaded besides.
    expect(Object.keys(account.refused)).toEqual(expect.arrayContaining(REFUSED));
  }, 60_000);

  it("that is killed under load has stored what the log has, and doubts only that minute", async () => {
    const dataDir = makeFolder();
    const ledger = makeLedger();
    const kills = isLong ? 20 : 2;
    for (let kill = 0; kill < kills; kill++) {
      const server = start(dataDir);
      const random = seededRandom(kill);
      const load = startLoad(await server.url, ledger, { connections: 32, random, prefix: `k${kill}` });
      const acknowledged = ledger.acked.size;
      await vi.waitUntil(() => ledger.acked.size > acknowledged + 100, { timeout: 30_000 });
      await delay(random() * 1_000);
      await server.end("SIGKILL");
      await load.stop();
    }
    const server = start(dataDir);
    await server.url;
    const { counts } = await countIds(dataDir);
    const { code, report } = await showLedger(dataDir);
    expect([code, report.balanced, report.check.differences]).toEqual([0, true, []]);
    expect(report.totals).toMatchObject({
      stored: counts.size,
      received: counts.size,
      dropped: {},
      refused: {},
      uncertain: true,
    });
    expect(counts.size).toBeGreaterThanOrEqual(ledger.acked.size);
    await server.end("SIGTERM");
    expect((await showLedger(dataDir)).report.check).toEqual({ events: counts.size, erased: 0, differences: [] });
  }, 120_000);

  it("counts a flood, what is taken and what is over the rate, and warns of it", async () => {
    const dataDir = makeFolder();
    const server = start(dataDir, { METRICS_RATE_LIMIT: "5", METRICS_RATE_BURST: "10" });
    const url = await server.url;
    const account = makeAccount();
    await Promise.all(Array.from({ length: 400 }, (_, n) => sendCounted(url, events(1 + (n % 3)), account)));
    const { code, report } = await showLedger(dataDir);
    expect([code, accountOf(report)]).toEqual([0, account]);
    expect(account.stored).toBeGreaterThan(0);
    expect(account.refused["rate_limited"]).toBeGreaterThan(0.5 * account.received);
    expect(report.warnings).toEqual([expect.stringContaining("METRICS_RATE_LIMIT")]);
    expect((await server.end("SIGTERM")).code).toBe(0);
  }, 60_000);

  it("counts what the brake leaves out", async () => {
    const dataDir = makeFolder();
    const url = await start(dataDir).url;
    const account = makeAccount();
    await sendCounted(url, events(2), account);
    await run(["brake", "on", "--collector", "--data-dir", dataDir]);
    await sendCounted(url, events(5), account);
    await run(["brake", "off", "--data-dir", dataDir]);
    await sendCounted(url, events(1), account);
    const { code, report } = await showLedger(dataDir);
    expect([code, accountOf(report)]).toEqual([0, account]);
    expect(account).toEqual({ received: 8, stored: 3, dropped: { brake: 5 }, refused: {} });
  }, 60_000);
});

describe.skipIf(!hasTmpfs)("the ledger of a server on a full disk [needs tmpfs]", () => {
  it("counts what is refused while it cannot be written itself, and is whole again when there is space", async () => {
    const dataDir = mountTmpfs("24m");
    const ballast = join(dataDir, "ballast");
    writeFileSync(ballast, Buffer.alloc(14_680_064));
    // A row for each of many sites is more than the page that the ledger's file still has.
    const sites = Array.from({ length: 40 }, (_, number) => `site-${number}.net`);
    const server = start(dataDir, { METRICS_SITES: `example.com,${sites.join(",")}` });
    const url = await server.url;
    const account = makeAccount();
    const large = events(3, BIG);
    while ((await sendCounted(url, large, account)) !== 503);
    fillUp(join(dataDir, "filler"));
    for (const site of sites) expect(await sendCounted(url, events(1, { ...BIG, site }), account)).toBe(503);
    await expect.poll(server.output, { timeout: 10_000 }).toContain("the ledger's file could not be written");
    const { code, report } = await showLedger(dataDir);
    expect([code, accountOf(report)]).toEqual([0, account]);
    expect(account.refused).toEqual({ log_unavailable: 43 });

    unlinkSync(ballast);
    await expect.poll(() => sendCounted(url, events(1), account), { timeout: 10_000, interval: 200 }).toBe(202);
    await expect.poll(server.output, { timeout: 10_000 }).toContain("the ledger's file can be written again");
    const onDisk = async (): Promise<number> =>
      (await readLedger(dataDir, { fromMs: 0, toMs: Date.now() })).rows.reduce((sum, row) => sum + row.received, 0);
    await expect.poll(onDisk, { timeout: 10_000 }).toBe(account.received);
    await server.end("SIGKILL");
    const again = start(dataDir);
    await again.url;
    const after = (await showLedger(dataDir)).report;
    expect([accountOf(after), after.check.differences]).toEqual([account, []]);
    await again.end("SIGTERM");
  }, 60_000);
});
