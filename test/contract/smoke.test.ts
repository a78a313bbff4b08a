/** `passerby smoke` as a process of its own against a real collector: what it says, and what it ends with. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMAND, type Finished, runCommand } from "../support/command.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

let server: TestServer;
let keyFile: string;

beforeAll(async () => {
  server = await startTestServer();
  keyFile = join(server.dataDir, "read.key");
  const { stdout } = await runCommand(["key", "create", "--scope", "read", "--json", "--data-dir", server.dataDir]);
  writeFileSync(keyFile, JSON.parse(stdout).key);
});
afterAll(() => server.close());

function smoke(...args: readonly string[]): Promise<Finished> {
  return runCommand(["smoke", server.url, ...args]);
}

describe("a collector that works", () => {
  it("passes, and its event is in the log", async () => {
    const before = server.readLog().length;
    const { code, stdout } = await smoke();
    expect(stdout).toContain("✓ an event is on disk");
    expect(stdout).toContain("give one with --key-file");
    expect(code).toBe(0);
    const [event, ...others] = server.readLog().slice(before);
    expect(event).toMatchObject({ event: "smoke_test", visitor_id: expect.stringMatching(/^smoke-/) });
    expect(others).toEqual([]);
  });

  it("has the very event in the snapshot and in a query, for a reader with a key", async () => {
    const { code, stdout } = await smoke("--key-file", keyFile, "--json");
    const report = JSON.parse(stdout);
    expect(report.steps.map(({ name, passed }: Record<string, unknown>) => [name, passed])).toEqual([
      ["event", true],
      ["snapshot", true],
      ["health", true],
      ["in_snapshot", true],
      ["in_query", true],
    ]);
    expect([code, report.passed]).toEqual([0, true]);
  });
});

describe("a collector below a path of the site", () => {
  it("is asked there", async () => {
    const proxy = createServer((asked, answer) => {
      const path = asked.url?.match(/^\/stats(\/.*)$/)?.[1];
      if (path === undefined) return answer.writeHead(404).end();
      const { method, headers } = asked;
      const passedOn = request(`${server.url}${path}`, { method, headers }, (response) => {
        response.pipe(answer.writeHead(response.statusCode ?? 502, response.headers));
      });
      return asked.pipe(passedOn);
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const { port } = proxy.address() as AddressInfo;
    const { code } = await runCommand(["smoke", `http://127.0.0.1:${port}/stats/`]);
    proxy.close();
    expect(code).toBe(0);
  });
});

describe("a collector with the brake on", () => {
  beforeAll(() => runCommand(["brake", "on", "--collector", "--data-dir", server.dataDir]));
  afterAll(() => runCommand(["brake", "off", "--data-dir", server.dataDir]));

  it("passes without a key, and the reason is said", async () => {
    const { code, stdout } = await smoke();
    expect(stdout).toContain("not stored: brake");
    expect(code).toBe(0);
  });

  it("fails with a key", async () => {
    const { code, stdout } = await smoke("--key-file", keyFile);
    expect(stdout).toContain("✗ an event is on disk");
    expect(code).toBe(1);
  });
});

describe("an answer that hides a loss", () => {
  it("fails where nothing was stored and no reason is named", async () => {
    const liar = createServer((request, response) => {
      response.setHeader("content-type", "application/json");
      response.statusCode = request.method === "POST" ? 202 : 200;
      response.end('{"ok":true,"stored":0,"file":null,"status":"healthy","total":0,"by_event":[],"last_events":[]}');
    }).listen(0, "127.0.0.1");
    await once(liar, "listening");
    const { port } = liar.address() as AddressInfo;
    const { code, stdout } = await runCommand(["smoke", `http://127.0.0.1:${port}`, "--json"]);
    liar.close();
    expect(JSON.parse(stdout).steps[0]).toMatchObject({ name: "event", passed: false });
    expect(code).toBe(1);
  });

  it("fails where nobody answers, and says so", async () => {
    const { code, stdout } = await runCommand(["smoke", "http://127.0.0.1:1", "--json"]);
    const [event] = JSON.parse(stdout).steps;
    expect(event).toMatchObject({
      status: null,
      passed: false,
      found: expect.stringContaining("127.0.0.1:1 gives no answer"),
    });
    expect(code).toBe(1);
  });

  it("ends with 2 for what is no address", async () => {
    const { code, stderr } = await runCommand(["smoke", "metrics.example.com"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("is not allowed: give an address")]);
  });
});

describe("a watch", () => {
  it("prints a line a round and the verdict of all", async () => {
    const { code, stdout } = await smoke("--watch", "1s", "--every", "1s", "--data-dir", server.dataDir);
    const lines = stdout.trim().split("\n");
    expect(lines.slice(0, 2)).toEqual([
      expect.stringMatching(/Z {2}\d+ ms, 0 errors, 0 of 429, disk \d+ %$/),
      expect.stringMatching(/Z {2}\d+ ms, 0 errors, 0 of 429, disk \d+ %$/),
    ]);
    expect(lines.slice(2)).toEqual([
      expect.stringMatching(/^2 rounds: 0 errors.*the log grew by [1-9]\d* bytes/),
      "passed",
    ]);
    expect(code).toBe(0);
  });

  it("judges what it has seen when it is interrupted", async () => {
    const child = spawn(process.execPath, [COMMAND, "smoke", server.url, "--watch", "1h", "--json"]);
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    child.stdout.once("data", () => child.kill("SIGINT"));
    await once(child, "close");
    expect(JSON.parse(printed.trim().split("\n").at(-1) ?? "")).toMatchObject({ passed: true, rounds: 1 });
    expect(child.exitCode).toBe(0);
  });
});
