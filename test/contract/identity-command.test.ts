/** `passerby identity` as the owner of a site meets it: what it shows, what it never shows, and its exit codes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { openSalts } from "../../src/collector/identity/salts.ts";
import { runCommand } from "../support/command.ts";
import { startTestServer } from "../support/test-server.ts";

const DAY_MS = 86_400_000;
let dataDir: string;

function makeSalts(daysAgo: number): void {
  const now = (): number => Date.now() - daysAgo * DAY_MS;
  openSalts(dataDir, { clock: { ...systemClock, now }, onWarning: (message) => expect.fail(message) });
}

const identity = (...args: string[]): ReturnType<typeof runCommand> =>
  runCommand(["identity", "--data-dir", dataDir, ...args]);

const saltFiles = (): readonly string[] => readdirSync(dataDir).filter((name) => /^salt-\d/.test(name));

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "passerby-identity-"));
});

describe("passerby identity", () => {
  it("shows each salt by fingerprint, dated, and never the salt, with and without a running server", async () => {
    makeSalts(3);
    const server = await startTestServer({ dataDir });
    const running = await identity();
    await server.stop();
    const salts = saltFiles().map((name) => readFileSync(join(dataDir, name), "utf8").trim());
    expect(salts).toHaveLength(1);
    expect(running.code).toBe(0);
    expect(running.stdout).toMatch(
      /^alive {6}[\d-]{10} {2}[0-9a-f]{16} {2}until \S{10}T00:00:00Z at the latest\ndestroyed {2}[\d-]{10} {2}[0-9a-f]{16} {2}\S{19}Z\nNothing is overdue\.\n$/,
    );
    for (const salt of salts) expect(running.stdout).not.toContain(salt);
    expect(await identity()).toEqual(running);
  });

  it("prints JSON for a script", async () => {
    makeSalts(0);
    const { code, stdout } = await identity("--json");
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { alive: [{ fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/), overdue: false }], destroyed: [], overdue: 0 },
    ]);
  });

  it("ends with 1 while a salt older than 48 h is still there, and changes nothing", async () => {
    makeSalts(3);
    const before = readdirSync(dataDir);
    const { code, stdout } = await identity();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^alive .* OVERDUE since .*\nA salt is older than 48 h: start the server/);
    expect(readdirSync(dataDir)).toEqual(before);
    expect(saltFiles()).toHaveLength(1);
  });

  it("says so where there is no salt yet, and ends with 2 where it cannot look", async () => {
    expect(await identity()).toMatchObject({ code: 0, stdout: expect.stringContaining("No salt yet") });
    writeFileSync(join(dataDir, "salt-2026-11-22"), "half a sa");
    expect(await identity()).toMatchObject({ code: 2, stderr: expect.stringMatching(/^passerby: .*is damaged.*\n$/) });
    rmSync(dataDir, { recursive: true });
    expect(await identity()).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^passerby: .*is not there.*\n$/),
    });
  });

  it("explains itself with examples", async () => {
    const { code, stdout } = await runCommand(["identity", "--help"]);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/Examples:\n {2}passerby identity\n(?:.*\n)+Exit codes:/),
    ]);
  });
});
