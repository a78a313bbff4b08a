/** The command line as a person or a supervisor meets it: one clear line, the right exit code. */
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { runCommand, startCommand } from "../support/command.ts";

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "passerby-command-"));
});

describe("passerby start", () => {
  it("picks a free port, serves, and stops with exit code 0", async () => {
    const { process: child, url } = await startCommand(["--data-dir", dataDir]);
    expect((await fetch(`${url}/api/metrics/health`)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("prints no sign-in link to what is no terminal", async () => {
    const { process: child, printed } = await startCommand(["--data-dir", dataDir]);
    child.kill("SIGTERM");
    await once(child, "close");
    expect(printed()).toMatch(/^Collector and dashboard {2}http:\S+\nMetrics {18}http:\S+\/metrics\n$/);
  });

  it("stops for a port in use", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const address = holder.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { code, stderr } = await runCommand(["start", "--port", String(port), "--data-dir", dataDir]);
    holder.close();
    expect([code, stderr]).toEqual([
      2,
      `passerby: port ${port} is in use: stop what listens there, or give another port (--port, PORT)\n`,
    ]);
  });

  it("stops for a data directory that a running collector owns, and leaves that one alone", async () => {
    const first = await startCommand(["--data-dir", dataDir]);
    const second = await runCommand(["start", "--port", "0", "--data-dir", dataDir]);
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(new RegExp(`^passerby: .*${dataDir}.*\n$`));
    expect((await fetch(`${first.url}/api/metrics/health`)).status).toBe(200);
    first.process.kill("SIGTERM");
    await once(first.process, "exit");
  });

  it("stops for a data directory that cannot be one", async () => {
    const file = join(dataDir, "file");
    writeFileSync(file, "");
    const { code, stderr } = await runCommand(["start", "--port", "0", "--data-dir", join(file, "data")]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^passerby: [^\n]*file[^\n]*\n$/);
  });

  it.each([
    [{ METRICS_SAMPLE_RATE: "25%" }, "passerby: METRICS_SAMPLE_RATE=25% is not allowed: give a number from 0 to 1\n"],
    [
      { HOST: "0.0.0.0" },
      "passerby: ALLOWED_ORIGINS is missing: with HOST=0.0.0.0 it must name your site, such as https://example.com\n",
    ],
  ])("stops for the setting %j", async (env, line) => {
    const { code, stderr } = await runCommand(["start", "--port", "0", "--data-dir", dataDir], env);
    expect([code, stderr]).toEqual([2, line]);
  });

  it("takes flags over environment over file, and refuses a file's unknown name with the nearest known one", async () => {
    const config = join(dataDir, "passerby.conf");
    writeFileSync(config, "METRICS_RING_CAPACITY=7\nPORT=70000\n");
    const { process: child, url } = await startCommand(["--data-dir", dataDir, "--config", config]);
    expect(await (await fetch(`${url}/api/metrics/health`)).json()).toMatchObject({ ring_capacity: 7 });
    child.kill("SIGTERM");
    await once(child, "exit");
    writeFileSync(config, "METRIC_RING_CAPACITY=7\n");
    const { code, stderr } = await runCommand(["start", "--port", "0", "--data-dir", dataDir, "--config", config]);
    expect(code).toBe(2);
    expect(stderr).toContain("METRIC_RING_CAPACITY is no setting: did you mean METRICS_RING_CAPACITY?");
  });
});

describe("passerby", () => {
  it.each([[["--help"]], [["start", "--help"]], [["key", "create", "--help"]], [["import", "access-log", "--help"]]])(
    "%j explains itself with exit code 0",
    async (args) => {
      const { code, stdout } = await runCommand(args);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Usage: passerby/);
    },
  );

  it.each([[["strat"]], [["start", "--prot", "1"]], [["key", "create", "--scope", "write"]]])(
    "%j is refused with exit code 2",
    async (args) => {
      const { code, stderr } = await runCommand(args);
      expect(code).toBe(2);
      expect(stderr).toMatch(/error: .*\n/);
    },
  );
});

describe("passerby key", () => {
  it("makes a key that a running server takes at once and refuses once it is revoked", async () => {
    const { process: child, url } = await startCommand(["--data-dir", dataDir]);
    const made = await runCommand(["key", "create", "--scope", "read", "--data-dir", dataDir, "--json"]);
    const { key, id }: { key: string; id: string } = JSON.parse(made.stdout);
    const status = async (): Promise<number> =>
      (await fetch(`${url}/api/metrics/behavior`, { headers: { authorization: `Bearer ${key}` } })).status;
    expect(await status()).toBe(200);
    expect((await runCommand(["key", "list", "--data-dir", dataDir])).stdout).toContain(id);
    expect((await runCommand(["key", "revoke", id, "--data-dir", dataDir])).code).toBe(0);
    expect(await status()).toBe(401);
    child.kill("SIGTERM");
    await once(child, "exit");
  });

  it("says when there is no such key", async () => {
    const { code, stderr } = await runCommand(["key", "revoke", "nothing", "--data-dir", dataDir]);
    expect([code, stderr]).toEqual([2, "passerby: there is no key with the id nothing: see passerby key list\n"]);
  });
});

describe("passerby sign-in", () => {
  it("prints a link that opens a session once", async () => {
    const { process: child, url } = await startCommand(["--data-dir", dataDir]);
    const { stdout } = await runCommand(["sign-in", "--data-dir", dataDir]);
    const token = stdout.trim().split("#sign-in=")[1];
    const signIn = (): Promise<Response> =>
      fetch(`${url}/api/sign-in`, {
        method: "POST",
        headers: { "content-type": "application/json", origin: url },
        body: JSON.stringify({ token }),
      });
    const first = await signIn();
    expect(first.status).toBe(200);
    expect(first.headers.get("set-cookie")).toMatch(
      /^passerby_session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect((await signIn()).status).toBe(401);
    child.kill("SIGTERM");
    await once(child, "exit");
  });

  it("says when no server runs", async () => {
    const { code, stderr } = await runCommand(["sign-in", "--data-dir", dataDir]);
    expect([code, stderr]).toEqual([2, `passerby: no server runs on ${dataDir}: start one with passerby start\n`]);
  });
});
