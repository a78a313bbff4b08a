/** A backup beside a real server under load, restored on an empty machine: nothing acknowledged is missing, and the answers are the same. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { COMMAND } from "../support/command.ts";
import { auditLog, NOTHING_WRONG } from "./audit.ts";
import { makeLedger, seededRandom, startLoad } from "./load.ts";
import { countIds, makeFolder } from "./log-fixtures.ts";
import { startServerProcess } from "./server-process.ts";

const SITE = { site_id: "localhost", date_range: "day" };
/** A robot's events are left out of answers, and a client without a user agent is one. */
const QUESTIONS = [
  { ...SITE, metrics: ["visitors", "visits", "pageviews", "events", "bounce_rate", "visit_duration"] },
  { ...SITE, metrics: ["visitors", "events"], dimensions: ["event:goal"] },
  { ...SITE, metrics: ["visitors", "visits"], dimensions: ["visit:entry_page"] },
  { ...SITE, metrics: ["events"], dimensions: ["time:hour"] },
  { ...SITE, metrics: ["pageviews"], dimensions: ["event:page"], filters: [["is", "event:page", ["/p1", "/p2"]]] },
];

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

async function run(...args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: child.exitCode, out, err };
}

async function sendViews(url: string): Promise<void> {
  const events = Array.from({ length: 200 }, (_, index) => ({
    event: index % 5 === 0 ? "signup" : "page_view",
    visitor_id: `visitor-${index % 23}`,
    url: `http://localhost:3000/p${index % 7}`,
  }));
  const headers = { "content-type": "application/json", "user-agent": "Mozilla/5.0 (X11; rv:143.0) Firefox/143.0" };
  const answer = await fetch(`${url}/api/metrics/event`, { method: "POST", headers, body: JSON.stringify(events) });
  expect(await answer.json()).toMatchObject({ ok: true, stored: 200 });
}

async function ask(url: string, key: string, question: object): Promise<unknown> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const answer = await fetch(`${url}/api/query`, { method: "POST", headers, body: JSON.stringify(question) });
  const body: { readonly results?: unknown } = JSON.parse(await answer.text());
  return body.results;
}

/** Answers of a server whose store has caught up with a log of so many page views. */
async function askAll(url: string, dataDir: string): Promise<readonly unknown[]> {
  const { key } = openKeys(dataDir, systemClock).create({ scope: "read", site: null, lifetimeMs: null });
  const views = async (): Promise<unknown> => ask(url, key, { ...SITE, metrics: ["pageviews"] });
  await vi.waitFor(async () => expect(await views()).toEqual([{ dimensions: [], metrics: [160] }]), {
    timeout: 20_000,
    interval: 100,
  });
  return Promise.all(QUESTIONS.map((question) => ask(url, key, question)));
}

it("a backup under load holds all that was acknowledged before it, once, and gives the same answers", async () => {
  const [dataDir, folder] = [makeFolder(), join(makeFolder(), "backup")];
  const server = startServerProcess(dataDir);
  const url = await server.url;
  await sendViews(url);
  const ledger = makeLedger();
  const load = startLoad(url, ledger, { connections: 8, random: seededRandom(4), prefix: "load" });
  await vi.waitFor(() => expect(ledger.acked.size).toBeGreaterThan(500), { timeout: 20_000, interval: 10 });
  const acked = new Set(ledger.acked);
  const first = await run("backup", folder, "--data-dir", dataDir, "--json");
  expect(first).toMatchObject({ code: 0, err: "" });
  await load.stop();
  expect(ledger.acked.size).toBeGreaterThan(acked.size); // It was written while it was backed up.

  const early = join(makeFolder(), "early");
  expect(await run("restore", folder, "--data-dir", early)).toMatchObject({ code: 0, err: "" });
  const { findings } = await auditLog(early, { sent: [...ledger.sent, undefined], acked });
  expect(findings).toEqual({ ...NOTHING_WRONG, notOnce: [], twice: [undefined] }); // Views carry no id.
  // The ledger was copied before the log, which completes it.
  const resumed = startServerProcess(early);
  await resumed.url;
  expect(await run("ledger", "--check", "--data-dir", early)).toMatchObject({ code: 0 });
  await resumed.end("SIGTERM");

  const again = await run("backup", folder, "--data-dir", dataDir, "--json");
  expect(JSON.parse(again.out)).toMatchObject({ ok: true, finished: true });
  const late = join(makeFolder(), "late");
  const restored = await run("restore", folder, "--data-dir", late);
  expect(restored.out).toContain("visitors of today count anew");
  expect(readdirSync(late).filter((name) => /salt|keys|sessions|dedup|store|\.sock$/.test(name))).toEqual([]);
  const [inSource, inRestored] = [await countIds(dataDir), await countIds(late)];
  expect(inRestored.counts).toEqual(inSource.counts);
  const answers = await askAll(url, dataDir);
  const other = startServerProcess(late);
  expect(await askAll(await other.url, late)).toEqual(answers);
  expect(answers).not.toContainEqual([]);
  for (const name of readdirSync(dataDir).filter((file) => file.startsWith("salt-2"))) {
    const salt = readFileSync(join(dataDir, name));
    const copies = readdirSync(folder).map((file) => readFileSync(join(folder, file)));
    expect(copies.some((copy) => copy.includes(salt) || copy.includes(salt.toString("hex")))).toBe(false);
    expect(readFileSync(join(late, name)).equals(salt)).toBe(false);
  }
}, 60_000);

it("the commands say what they do, and end with 0, 1 or 2", async () => {
  const [dataDir, folder] = [makeFolder(), join(makeFolder(), "backup")];
  expect(await run("backup", folder, "--data-dir", join(dataDir, "none"))).toMatchObject({ code: 2, out: "" });
  expect(await run("backup", join(dataDir, "in"), "--data-dir", dataDir)).toMatchObject({ code: 2, out: "" });
  expect(await run("backup")).toMatchObject({ code: 2, out: "" });
  expect((await run("backup", folder, "--data-dir", dataDir)).out).toMatch(/^.*: 0 lines in 0 files of the log\n/);
  expect(await run("restore", folder, "--verify")).toMatchObject({ code: 0, err: "" });
  expect(await run("restore", dataDir, "--verify")).toMatchObject({ code: 2, out: "" });
  expect(await run("restore", folder, "--data-dir", folder)).toMatchObject({ code: 2, out: "" });
}, 60_000);
