/** docs/guide/upgrade.md: a collector is exchanged under load, and one that is older meets what a newer one has written. */
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { auditLog, NOTHING_WRONG } from "../fault/audit.ts";
import { makeFolder } from "../fault/log-fixtures.ts";
import { eventOf } from "../fault/resend-load.ts";
import { startServerProcess } from "../fault/server-process.ts";
import { findFreePort } from "../support/free-port.ts";

const NEWER_LINE = '{"v":2,"seq":1,"writer":9,"start":"later","what":"a later version writes"}';
const SENDERS = 4;

/** Sends events as trackers do: one that has no answer is sent again, under the same id. */
function startTrackers(url: string) {
  const acked: string[] = [];
  let number = 0;
  let again = 0;
  let isStopped = false;
  const post = async (id: string): Promise<boolean> => {
    const init = { method: "POST", headers: { "content-type": "text/plain" }, body: JSON.stringify(eventOf(id)) };
    const answer = await fetch(`${url}/api/metrics/event`, init).catch(() => undefined);
    return answer?.status === 202;
  };
  const send = async (): Promise<void> => {
    while (!isStopped) {
      const id = `aae${(number++).toString(16)}`;
      while (!(await post(id))) {
        again++;
        await delay(20);
      }
      acked.push(id);
    }
  };
  const senders = Array.from({ length: SENDERS }, send);
  return {
    acked,
    again: () => again,
    stop: async () => {
      isStopped = true;
      await Promise.all(senders);
    },
  };
}

describe("an upgrade", () => {
  it("under load loses no event, and keeps what a newer version has written", async () => {
    const dataDir = makeFolder();
    const port = String(await findFreePort());
    const first = startServerProcess(dataDir, [], port);
    const trackers = startTrackers(await first.url);
    const more = (count: number): Promise<unknown> => {
      const goal = trackers.acked.length + count;
      return vi.waitUntil(() => trackers.acked.length >= goal, { timeout: 20_000, interval: 5 });
    };
    await more(50);
    expect((await first.end("SIGTERM")).code).toBe(0);
    appendFileSync(join(dataDir, "metrics.jsonl"), `${NEWER_LINE}\n`);

    const second = startServerProcess(dataDir, [], port);
    const url = await second.url;
    await more(50);
    await trackers.stop();
    expect(trackers.again()).toBeGreaterThan(0);
    const { findings, stored } = await auditLog(dataDir, { sent: trackers.acked, acked: trackers.acked });
    const message = "the line has version 2, this program reads 1";
    expect(findings).toEqual({ ...NOTHING_WRONG, problems: [{ problem: "newer_version", message }] });
    expect(stored).toBe(trackers.acked.length);
    const health = async (): Promise<string> => (await fetch(`${url}/api/metrics/health`)).text();
    await expect.poll(health).toContain("1 line of the log is of a newer version");
    const files = readdirSync(dataDir).filter((name) => /^metrics.*\.jsonl$/.test(name));
    const lines = files.flatMap((name) => readFileSync(join(dataDir, name), "utf8").split("\n"));
    expect(lines.filter((line) => line === NEWER_LINE)).toHaveLength(1);
  });
});
