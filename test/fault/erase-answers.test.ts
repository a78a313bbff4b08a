/** Questions are answered while a visitor is erased, and what a killed erasure or collector leaves holds nobody for long. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { findOwner } from "../../cmd/erase-owner.ts";
import { systemClock } from "../../src/clock.ts";
import { eraseEvents } from "../../src/log/erase/erase-log.ts";
import { askOwner } from "../../src/log/owner/control-channel.ts";
import { claimShards } from "../../src/log/owner/ownership.ts";
import { encodeLines } from "../../src/log/write/encode-line.ts";
import { openKeys } from "../../src/server/access/keys.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { eraseKilled, filesHolding, mixedEvents, VICTIM } from "./erase-fixtures.ts";
import { makeFolder } from "./log-fixtures.ts";

const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
/** The step of an erasure that puts its first shard in its place; the manifest does not say so yet. */
const SHARD_RENAMED = 7;
const EVENTS = 6_000;
/** Of others than the victim. */
const LEFT = 4_000;

function writeLog(dataDir: string): void {
  const lines = encodeLines(mixedEvents(EVENTS, "2026-11-20", "e"), { writer: "w1", start: "start-1", seq: 0 });
  writeFileSync(join(dataDir, "metrics-2026-11-20.1.jsonl"), lines, { mode: 0o600 });
}

type Answer = { readonly status: number; readonly events: number | undefined };
type Asker = () => Promise<Answer>;

/** Makes an asker of how many events there are. */
function askerOf(url: string, key: string): Asker {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const days = ["2026-11-20", new Date().toISOString().slice(0, 10)];
  const body = JSON.stringify({ site: "localhost", metrics: ["events"], date_range: days });
  return async () => {
    const response = await fetch(`${url}/api/query`, { method: "POST", headers, body });
    const { results }: { results?: { metrics: number[] }[] } = JSON.parse(await response.text());
    return { status: response.status, events: results?.[0]?.metrics[0] };
  };
}

async function untilEvents(ask: Asker, events: number): Promise<void> {
  while ((await ask()).events !== events);
}

/** Asks again and again until something is done; returns all answers. */
async function askUntil(ask: Asker, work: Promise<unknown>): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  while (!isDone) answers.push(await ask());
  await done;
  return answers;
}

function distinct<Value>(values: readonly Value[]): readonly Value[] {
  return [...new Set(values)];
}

async function postEvent(url: string): Promise<void> {
  const headers = { "content-type": "application/json", "user-agent": BROWSER };
  const body = JSON.stringify({ event: "click" });
  expect((await fetch(`${url}/api/metrics/event`, { method: "POST", headers, body })).status).toBe(202);
}

async function startFilled(): Promise<{ readonly server: TestServer; readonly ask: Asker }> {
  const dataDir = makeFolder();
  writeLog(dataDir);
  const key = openKeys(dataDir, systemClock).create({ scope: "read", site: null, lifetimeMs: null }).key;
  const server = await startTestServer({ dataDir, settings: { METRICS_RETENTION_DAYS: "3650" } });
  onTestFinished(server.stop);
  const ask = askerOf(server.url, key);
  await untilEvents(ask, EVENTS);
  return { server, ask };
}

describe("questions during an erasure", () => {
  it("are answered, from the whole old store and then from the whole new one, through kills of the command", async () => {
    const { server, ask } = await startFilled();
    const { dataDir } = server;
    const answers = [
      ...(await askUntil(ask, eraseKilled(dataDir, SHARD_RENAMED))),
      ...(await askUntil(ask, expect(eraseHere(dataDir, "forgotten")).rejects.toThrow("ended"))),
      await ask(),
    ];
    expect(readdirSync(dataDir).filter((name) => /^erase-.+json$|^erasure-/.test(name))).toHaveLength(1);
    expect(distinct(answers.map(({ events }) => events))).toEqual([EVENTS, LEFT]);
    await postEvent(server.url);
    answers.push(...(await askUntil(ask, eraseHere(dataDir))));
    expect(distinct(answers.map(({ status }) => status))).toEqual([200]);
    await untilEvents(ask, LEFT + 1);
    expect(await filesHolding(dataDir, VICTIM)).toEqual([]);
    expect(readdirSync(dataDir).filter((name) => /^erase-|^store-|\.tmp/.test(name))).toEqual([]);
    expect(readdirSync(dataDir).filter((name) => name.startsWith("erasure-"))).toHaveLength(1);
    expect(server.warnings).toEqual([]);
  }, 60_000);
});

/** Does what the command does, up to a step. */
async function eraseHere(dataDir: string, last?: string): Promise<void> {
  const owner = await findOwner(dataDir);
  const shards = await claimShards(dataDir, systemClock);
  const onStep = (step: string): void => {
    if (step === last) throw new Error(`ended behind: ${step}`);
  };
  try {
    await eraseEvents({
      ...{ dataDir, clock: systemClock, owner, onStep },
      target: { kind: "visitor", value: VICTIM, before: null },
    });
  } finally {
    await shards.release();
    await owner.release();
  }
}

it("a collector that is told to forget gives nobody an id of the day before", async () => {
  let now = Date.parse("2026-11-22T23:50:00Z");
  const server = await startTestServer({
    clock: { ...systemClock, now: () => now },
    settings: { METRICS_STORE: "off", METRICS_WORKERS: "1" },
  });
  onTestFinished(server.close);
  await postEvent(server.url);
  now = Date.parse("2026-11-23T00:05:00Z");
  await postEvent(server.url);
  await askOwner(server.dataDir, "erase", { step: "forget", ids: "erase-0123456789abcdef.ids" });
  await postEvent(server.url);
  const [evening, night, later] = server.readLog().map(({ visitor_id: id }) => id);
  expect(night).toBe(evening);
  expect(later).not.toBe(evening);
});
