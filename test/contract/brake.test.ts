/** The brake as an operator uses it: real processes, a real kill, and what pages and the log then see. */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { TARGETS } from "../../src/collector/control/control-state.ts";
import { askOwner } from "../../src/log/owner/control-channel.ts";
import { SERVER_SEED, unitInterval } from "../../src/sampling.ts";
import { type Finished, runCommand, type StartedCommand, startCommand } from "../support/command.ts";
import { readLog } from "../support/test-server.ts";

const ENV = { METRICS_SITES: "example.com,other.org", METRICS_RATE_LIMIT: "0", METRICS_STORE: "off" };

let dataDir = "";
let started: StartedCommand[] = [];

function makeDataDir(): void {
  dataDir = mkdtempSync(join(tmpdir(), "passerby-brake-"));
}

async function removeDataDir(): Promise<void> {
  await Promise.all(started.map((collector) => end(collector, "SIGKILL")));
  started = [];
  rmSync(dataDir, { recursive: true });
}

async function start(): Promise<StartedCommand> {
  const collector = await startCommand(["--data-dir", dataDir], ENV);
  started.push(collector);
  return collector;
}

async function end({ process: child }: StartedCommand, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, "exit");
}

/** Asks the collector for a change as `passerby brake` does, without its process. */
async function set(position: "off" | number, site: string | null = null): Promise<void> {
  const targets = typeof position === "number" ? ["collector"] : TARGETS;
  const who = { uid: null, user: null, pid: process.pid };
  await askOwner(dataDir, "brake", { position, targets, site, for_ms: null, who });
}

/** Runs `passerby brake` on the data directory. */
function brake(args: string, flags = ""): Promise<Finished> {
  return runCommand(["brake", ...args.split(" "), "--data-dir", dataDir, ...flags.split(" ").filter(Boolean)], ENV);
}

async function post(url: string, body: unknown): Promise<{ readonly config: string | null; readonly body: unknown }> {
  const headers = { "content-type": "application/json", "user-agent": "Mozilla/5.0 (X11) Firefox/143.0" };
  const answer = await fetch(`${url}/api/metrics/event`, { method: "POST", headers, body: JSON.stringify(body) });
  return { config: answer.headers.get("passerby-config"), body: await answer.json() };
}

async function readConfig(url: string, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const answer = await fetch(`${url}/api/metrics/config`, { headers });
  const body: Record<string, unknown> = JSON.parse(await answer.text());
  return { ...body, tag: answer.headers.get("passerby-config") };
}

function auditLines(): readonly Record<string, unknown>[] {
  const lines = readFileSync(join(dataDir, "control-audit.jsonl"), "utf8").trim().split("\n");
  return lines.map((line): Record<string, unknown> => JSON.parse(line));
}

const event = { event: "page_view", site: "example.com" };
const STORED = { ok: true, stored: 1, file: "metrics.jsonl" };
const dropped = (reason: string): unknown => ({ ok: true, stored: 0, file: null, dropped: { [reason]: 1 } });

describe("a running collector", () => {
  let url = "";

  beforeAll(async () => {
    makeDataDir();
    url = (await start()).url;
  });
  afterEach(async () => {
    await set("off");
    await set("off", "other.org");
  });
  afterAll(removeDataDir);

  it("is stopped with its trackers before passerby brake ends, smoke events too, and let go again", async () => {
    const lines = readLog(dataDir).length;
    const before = await post(url, event);
    expect(before.body).toEqual(STORED);
    const calm = await readConfig(url);
    expect(calm).toMatchObject({ enabled: true, sample_rate: null, tag: before.config });

    expect(await brake("on")).toMatchObject({ code: 0, stderr: "" });
    const braked = await post(url, event);
    expect(braked.body).toEqual(dropped("brake"));
    expect(braked.config).not.toBe(before.config);
    expect((await post(url, { ...event, visitor_id: "smoke-brake" })).body).toEqual(dropped("brake"));
    expect(await readConfig(url)).toMatchObject({ enabled: false, sample_rate: null, tag: braked.config });
    const notFound = await fetch(`${url}/api/metrics/event`);
    expect([notFound.status, notFound.headers.get("passerby-config")]).toEqual([405, braked.config]);

    expect(await brake("off")).toMatchObject({ code: 0 });
    expect(await post(url, event)).toEqual(before);
    expect(await readConfig(url)).toEqual(calm);
    expect(readLog(dataDir)).toHaveLength(lines + 2);
  });

  it("tells trackers the share to go by", async () => {
    const before = await readConfig(url);
    for (const rate of [0.25, 0]) {
      await brake(`rate ${rate}`, "--tracker");
      const after = await readConfig(url);
      expect(after).toEqual({ ...before, sample_rate: rate, tag: expect.any(String) });
      expect(after["tag"]).not.toBe(before["tag"]);
    }
    expect((await post(url, event)).body).toEqual(STORED);
  });

  it("leaves out one site and no other", async () => {
    await brake("on", "--site other.org");
    expect((await post(url, event)).body).toEqual(STORED);
    expect((await post(url, { ...event, site: "other.org" })).body).toEqual(dropped("site_off"));
    const [here, there] = await Promise.all(
      ["example.com", "other.org"].map((site) => readConfig(url, { referer: `https://${site}/` })),
    );
    expect([here?.["enabled"], there?.["enabled"]]).toEqual([true, false]);
    expect(here?.["tag"]).not.toBe(there?.["tag"]);
  });

  it("ends a brake by itself, and writes down that it did", async () => {
    const { stdout } = await brake("on", "--for 1s --json");
    const until = Date.parse(JSON.parse(stdout).brakes[0].until);
    expect(until - Date.now()).toBeLessThanOrEqual(1_000);
    await vi.waitFor(async () => expect((await post(url, event)).body).toEqual(STORED), { timeout: 10_000 });
    expect(Date.now()).toBeGreaterThanOrEqual(until);
    expect(await readConfig(url)).toMatchObject({ enabled: true });
    const isEnded = { action: "ended", position: "on", until: new Date(until).toISOString(), who: null };
    await vi.waitFor(() => expect(auditLines().slice(-2)).toMatchObject([isEnded, isEnded]), { timeout: 10_000 });
  });

  it("writes down who, when, what and until, and nothing of the network", async () => {
    await brake("rate 0.5", "--collector --for 2h");
    const line = auditLines().at(-1);
    expect(line).toEqual({
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/),
      action: "set",
      target: "collector",
      site: null,
      position: 0.5,
      until: new Date(Date.parse(String(line?.["at"])) + 7_200_000).toISOString(),
      who: { uid: process.getuid?.(), user: userInfo().username, pid: expect.any(Number) },
      why: null,
    });
    expect(statSync(join(dataDir, "control-audit.jsonl")).mode & 0o777).toBe(0o600);
  });

  it("keeps whole visitors, more of them at a higher rate, and notes that rate on each line", async () => {
    const visitors = Array.from({ length: 400 }, (_, index) => `visitor-${index}`);
    const rates = [0.05, 0.3, 0.8];
    for (const rate of rates) {
      await set(rate);
      const batch = visitors.map((visitor_id) => ({ ...event, visitor_id, metadata: { rate } }));
      const kept = visitors.filter((id) => unitInterval(id, SERVER_SEED) < rate).length;
      expect((await post(url, batch)).body).toMatchObject({ stored: kept, dropped: { sampled_out: 400 - kept } });
    }
    const lines = readLog(dataDir).filter(({ visitor_id }) => visitors.includes(String(visitor_id)));
    for (const line of lines) {
      expect(line["metadata"]).toEqual({ rate: line["server_sample_rate"] });
      expect(unitInterval(String(line["visitor_id"]), SERVER_SEED)).toBeLessThan(Number(line["server_sample_rate"]));
    }
    const [low, middle, high] = rates.map((rate) =>
      lines.filter((line) => line["server_sample_rate"] === rate).map((line) => line["visitor_id"]),
    );
    expect(middle).toEqual(expect.arrayContaining(low ?? []));
    expect(high).toEqual(expect.arrayContaining(middle ?? []));
    expect(low).not.toHaveLength(0);
  });

  it("stores nobody at a rate of 0, says why to whoever asks, and goes back to the setting at off", async () => {
    expect(await brake("rate 0", "--collector --reason disk-is-full")).toMatchObject({ code: 0, stderr: "" });
    expect((await post(url, event)).body).toEqual(dropped("sampled_out"));
    const who = { uid: process.getuid?.(), user: userInfo().username, pid: expect.any(Number) };
    const [collector, tracker] = JSON.parse((await brake("status", "--json")).stdout).brakes;
    expect(collector).toMatchObject({ position: 0, who, why: "disk-is-full", at: auditLines().at(-1)?.["at"] });
    expect(tracker).toMatchObject({ position: "off", who: { pid: process.pid }, why: null });
    await set("off");
    await post(url, event);
    expect(readLog(dataDir).at(-1)).toMatchObject({ server_sample_rate: 1 });
  });
});

describe("passerby brake", () => {
  beforeEach(makeDataDir);
  afterEach(removeDataDir);

  it("holds over a kill and a restart", async () => {
    const first = await start();
    await brake("on", "--collector");
    await end(first, "SIGKILL");
    const second = await start();
    expect((await post(second.url, event)).body).toEqual(dropped("brake"));
    await end(second, "SIGTERM");
    const third = await start();
    expect((await post(third.url, event)).body).toEqual(dropped("brake"));
  });

  it("is right when several set it at once, with a collector and without", async () => {
    const rates = ["0.2", "0.4"];
    for (const isRunning of [false, true]) {
      if (isRunning) await start();
      const ran = await Promise.all([
        ...rates.map((rate) => brake(`rate ${rate}`, "--collector")),
        brake("rate 0.5", "--tracker"),
      ]);
      expect(ran.map(({ code, stderr }) => [code, stderr])).toEqual(new Array(3).fill([0, ""]));
    }
    const lines = auditLines();
    const [collector, tracker] = ["collector", "tracker"].map((name) => lines.filter(({ target }) => target === name));
    expect(collector?.map(({ position }) => String(position)).toSorted()).toEqual([...rates, ...rates].toSorted());
    expect(tracker?.map(({ position }) => position)).toEqual([0.5, 0.5]);
    expect(JSON.parse(readFileSync(join(dataDir, "control.json"), "utf8"))).toMatchObject({
      collector: { standing: collector?.at(-1)?.["position"] },
      tracker: { standing: 0.5 },
    });
  });

  it("shows what is in force, and says when nobody obeys yet", async () => {
    await brake("rate 0.5", "--collector");
    const { stdout } = await brake("status", "--edge-dir /nonexistent-edge");
    const setLine = String.raw` {12}set \S+Z by \S+ \(uid \d+, process \d+\)\n`;
    expect(stdout).toMatch(
      new RegExp(`^collector {3}rate 0\\.5 \\(in place of METRICS_SAMPLE_RATE\\)\n${setLine}tracker {5}off .*\n`),
    );
    expect(stdout).toMatch(/\nedge {8}unknown: no edge here \(give --edge-dir\)\nrotator {5}not paused\n/);
    expect(stdout).toContain("No collector runs here: collector and tracker hold from the next start on.");
    expect(stdout).toMatch(/Last changes:\n {2}\S+Z {2}collector rate 0\.5 by \S+ \(uid \d+, process \d+\)\n$/);
    const { url } = await start();
    expect(JSON.parse((await brake("status", "--json --edge-dir /nonexistent-edge")).stdout)).toMatchObject({
      running: true,
      brakes: [
        { target: "collector", site: null, position: 0.5, until: null, afterwards: null },
        { target: "tracker", site: null, position: "off", until: null, afterwards: null },
      ],
      edge: { position: "unknown" },
      rotator: { position: "not_paused" },
      changes: [{ action: "set" }],
    });
    await post(url, { ...event, visitor_id: keptVisitor(0.5) });
    expect(readLog(dataDir)).toMatchObject([{ server_sample_rate: 0.5 }]);
  });

  it.each([
    ["rate 0.5", "", "a rate is for one of the two: give --tracker or --collector (the shares of both multiply)"],
    ["on", "--for soon", "--for soon is not allowed: give seconds, minutes, hours or days, such as 90s, 30m, 2h or 1d"],
    ["on", "--reason=", "--reason is not allowed: give 1 to 200 characters, all printable and on one line"],
    ["on", "--edge --tracker", "--tracker does not go with --edge: see passerby brake --help"],
    ["on", "--site evil.tld", "evil.tld is no configured site: give one of example.com, other.org"],
  ])("%s %s is refused in one line", async (args, flags, message) => {
    const { code, stdout, stderr } = await brake(args, flags);
    expect([code, stdout, stderr]).toEqual([2, "", `passerby: ${message}\n`]);
  });

  it("whose file is damaged stops a start with one line", async () => {
    writeFileSync(join(dataDir, "control.json"), "{");
    const { code, stderr } = await runCommand(["start", "--port", "0", "--data-dir", dataDir], ENV);
    expect([code, stderr]).toEqual([
      2,
      `passerby: ${join(dataDir, "control.json")} is damaged: move it away and set again with passerby brake what control-audit.jsonl says\n`,
    ]);
  });
});

function keptVisitor(rate: number): string {
  for (let index = 0; ; index++) {
    if (unitInterval(`visitor-${index}`, SERVER_SEED) < rate) return `visitor-${index}`;
  }
}
