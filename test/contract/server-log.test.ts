/** The server's own log from outside: what a real process writes, and that nothing of a visitor is ever in it. */
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startCommand } from "../support/command.ts";

type Line = { readonly level: string; readonly msg: string } & Readonly<Record<string, unknown>>;

function linesOf(logged: string): readonly Line[] {
  const lines = logged.split("\n").filter((line) => line !== "");
  return lines.map((line): Line => JSON.parse(line));
}

function freshDir(): string {
  return mkdtempSync(join(tmpdir(), "passerby-server-log-"));
}

describe("the server's own log", () => {
  it("says with which settings it started, and that it stopped", async () => {
    const dataDir = freshDir();
    const { process: child, url, logged } = await startCommand(["--data-dir", dataDir]);
    child.kill("SIGTERM");
    await once(child, "close");
    expect(linesOf(logged())).toEqual([
      expect.objectContaining({
        level: "info",
        msg: "started",
        url,
        admin_url: expect.stringMatching(/^http:/),
        version: expect.stringMatching(/^\d/),
        settings: expect.objectContaining({ METRICS_DATA_DIR: dataDir, METRICS_SAMPLE_RATE: 1 }),
      }),
      expect.objectContaining({ level: "info", msg: "stopped" }),
    ]);
  });

  it("may lose its reader without taking the server along", async () => {
    const { process: child, url } = await startCommand(["--data-dir", freshDir()], { METRICS_LOG_LEVEL: "debug" });
    child.stderr?.destroy();
    for (let time = 0; time < 3; time += 1) expect((await fetch(`${url}/api/metrics/health`)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("has one line a request at level debug, and no mark of the visitor in it or in the metrics", async () => {
    const {
      process: child,
      url,
      logged,
      printed,
    } = await startCommand(["--data-dir", freshDir()], {
      METRICS_LOG_LEVEL: "debug",
      TRUSTED_PROXIES: "127.0.0.1",
    });
    const headers = {
      "content-type": "application/json",
      "x-forwarded-for": "198.51.100.77",
      "user-agent": "Canary-Agent/7",
      cookie: "canary-cookie=1",
      origin: "http://localhost:3000",
      referer: "https://canary-referer.example/",
    };
    const event = {
      event: "canary-event",
      visitor_id: "canary-visitor",
      url: "http://localhost:3000/canary-page?canary-query=1",
      metadata: { "canary-key": "canary-value" },
    };
    const withKey = { ...headers, authorization: "Bearer pb_ingest_canary-key" };
    const fromElsewhere = { ...headers, origin: "https://canary-origin.example" };
    const bodies = [event, { ...event, canary_field: 1 }].map((body) => JSON.stringify(body));
    for (const body of [...bodies, '{"canary-broken']) {
      for (const sent of [headers, withKey, fromElsewhere]) {
        await fetch(`${url}/api/metrics/event?canary-search=1`, { method: "POST", headers: sent, body });
      }
    }
    await fetch(`${url}/canary-path/%0a%1b[31mcanary?canary-search=1`, { headers });
    await fetch(`${url}/api/metrics/behavior?site=canary-site`, { headers });
    const adminUrl = /Metrics +(http:\S+)/.exec(printed())?.[1] ?? "";
    const metrics = await (await fetch(adminUrl)).text();
    child.kill("SIGTERM");
    await once(child, "close");
    const requests = linesOf(logged()).filter(({ msg }) => msg === "request");
    expect(requests).toHaveLength(11);
    expect(requests).toContainEqual({
      ...{ level: "debug", time: expect.any(String), pid: child.pid, msg: "request" },
      ...{
        method: "POST",
        route: "/api/metrics/event",
        status: 202,
        ms: expect.any(Number),
        bytes: expect.any(Number),
      },
    });
    expect(`${logged()}${printed()}${metrics}`).not.toMatch(/canary|198\.51\.100/i);
  });
});
