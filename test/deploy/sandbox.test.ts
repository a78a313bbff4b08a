/**
 * The deployment's processes under the deployment's restrictions: collector and rotator as the compose file starts them, with
 * the files of the image and no other, pass the smoke tests of the checklist.
 */
import { chownSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linesOf } from "../fault/rotate-fixtures.ts";
import { parseCompose, serviceOf } from "./compose-file.ts";
import { makeSandbox, missing, missingForFilter, type Running, type Sandbox } from "./sandbox.ts";

const OLD_SHARD = "metrics-2020-01-01.1.jsonl";
const compose = parseCompose();

/** A container has ports and addresses of its own; here they are shared. */
const SHARED = { PORT: "0", METRICS_ADMIN_LISTEN: "127.0.0.1:0" };

describe.skipIf(missing !== undefined)(`the deployment in a sandbox [needs ${missing ?? "bwrap"}]`, () => {
  let sandbox: Sandbox;
  let collector: Running;
  let port: string;
  const ask = async (path: string, init?: RequestInit): Promise<unknown> =>
    (await fetch(`http://127.0.0.1:${port}/api/metrics/${path}`, init)).json();
  const check = (service: string): Promise<{ code: number | null; stderr: string }> => {
    const [, ...command] = serviceOf(compose, service).healthcheck?.test ?? [];
    return sandbox.exec(service === "collector" ? service : "metrics-rotator", command, { PORT: port });
  };

  beforeAll(async () => {
    sandbox = makeSandbox();
    const shard = join(sandbox.dataDir, OLD_SHARD);
    writeFileSync(shard, linesOf("2020-01-01", "old"));
    if (process.getuid?.() === 0) chownSync(shard, 1001, 1001);
    collector = sandbox.start("collector", SHARED);
    port = (await collector.printed(/dashboard +http:\/\/[\d.]+:(\d+)\s/))[1] ?? "";
  });

  afterAll(() => sandbox.remove());

  it("stores an event, as the checklist's first smoke test posts it", async () => {
    const answer = await ask("event", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: '{"visitor_id":"smoke-test","event":"page_view","metadata":{}}',
    });
    expect(answer).toMatchObject({ ok: true, stored: 1, file: "metrics.jsonl" });
    expect(readFileSync(join(sandbox.dataDir, "metrics.jsonl"), "utf8")).toContain('"event":"page_view"');
  });

  it("shows it in the snapshot", async () => {
    expect(await ask("behavior?limit=5")).toMatchObject({
      total: 1,
      by_event: [{ event: "page_view", count: 1 }],
      last_events: [{ event: "page_view" }],
    });
  });

  it("is healthy, by its own answer and by the container's check", async () => {
    expect(await ask("health")).toMatchObject({ status: "healthy", ring_size: 1, file_exists: true });
    expect(await check("collector")).toMatchObject({ code: 0, stderr: "" });
  });

  it("has a rotator that works without a network, and is unhealthy until it has", async () => {
    expect(await check("metrics-rotator")).toMatchObject({ code: 1, stderr: expect.stringContaining("rotator.json") });
    // The collector leaves it to the rotator.
    expect(existsSync(join(sandbox.dataDir, OLD_SHARD))).toBe(true);
    const rotator = sandbox.start("metrics-rotator");
    await rotator.printed(/1 deleted.*\n/);
    expect(await check("metrics-rotator")).toMatchObject({ code: 0, stderr: "" });
    expect(await rotator.stop()).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(readFileSync(join(sandbox.dataDir, "rotator.json"), "utf8"))).toMatchObject({
      last_success: expect.any(String),
      flags: { interval_seconds: 300, gzip_after_days: 3, delete_after_days: 30, max_mb: 64 },
      errors: [],
    });
    expect(existsSync(join(sandbox.dataDir, OLD_SHARD))).toBe(false);
  });

  it.each(["collector", "metrics-rotator"])("lets %s write to /data and /tmp and nowhere else", async (service) => {
    const places = [
      "/data",
      "/tmp",
      "/",
      "/app",
      "/app/dist/server",
      "/app/node_modules",
      "/usr/local/bin",
      "/usr/bin",
    ];
    const script = `
      for (const place of ${JSON.stringify(places)}) {
        try { fs.writeFileSync(place + "/trial", ""); fs.rmSync(place + "/trial"); console.log(place); }
        catch (error) { console.log(error.code); }
      }`;
    const { stdout, stderr } = await sandbox.exec(service, ["node", "--eval", script]);
    expect([stdout.trim().split("\n"), stderr]).toEqual([["/data", "/tmp", ...Array(6).fill("EROFS")], ""]);
  });

  it("gives neither a capability nor root, nor a way to either", async () => {
    const { stdout } = await sandbox.exec("collector", ["cat", "/proc/self/status"]);
    const status = Object.fromEntries(stdout.split("\n").map((line) => line.split(":\t").map((part) => part.trim())));
    const none = "0000000000000000";
    expect(status).toMatchObject({ CapPrm: none, CapEff: none, CapBnd: none, CapAmb: none, NoNewPrivs: "1" });
    expect([status["Uid"], status["Gid"]]).toEqual(Array(2).fill("1001\t1001\t1001\t1001"));
  });

  const filterNeed = `[needs ${missingForFilter ?? "python3-seccomp"}]`;
  it.skipIf(missingForFilter !== undefined)(
    `lets no system call through that Docker would not ${filterNeed}`,
    async () => {
      const { stdout } = await sandbox.exec("collector", ["cat", "/proc/self/status"]);
      expect(stdout).toMatch(/^Seccomp:\t2$/m);
      const { code, stderr } = await sandbox.exec("collector", ["unshare", "--user", "true"]);
      expect([code, stderr]).toEqual([1, expect.stringContaining("Function not implemented")]);
    },
  );

  it("drains and ends with 0 when it is told to stop", async () => {
    expect(await collector.stop()).toMatchObject({ code: 0, stderr: expect.stringContaining('"stopped"') });
    expect(readdirSync(sandbox.dataDir)).not.toContain("collector.sock");
  });
});
