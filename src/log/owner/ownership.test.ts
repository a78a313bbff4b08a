/** One owner for a folder, however many ask at once, and the channel that its socket is. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, openTestLog } from "../../../test/fault/log-fixtures.ts";
import { startLogProcess } from "../../../test/fault/log-process.ts";
import { isLong } from "../../../test/means.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { PasserbyError } from "../../errors.ts";
import { askOwner } from "./control-channel.ts";
import { claimDataDir, prepareDataDir } from "./ownership.ts";

const NOBODY = 65_534;

async function claimOutcome(dataDir: string, clock: Clock = systemClock): Promise<string> {
  try {
    await claimDataDir(dataDir, clock);
    return "owner";
  } catch (error) {
    return error instanceof PasserbyError ? error.code : String(error);
  }
}

describe("a data directory", () => {
  it("is made with its parents, for its user only", () => {
    const dataDir = join(makeFolder(), "a", "data");
    prepareDataDir(dataDir);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  });

  it("that is a file, or lies below one, is unusable", () => {
    const file = join(makeFolder(), "file");
    writeFileSync(file, "");
    for (const path of [file, join(file, "data")]) {
      expect(() => prepareDataDir(path)).toThrow(expect.objectContaining({ code: "data_dir_unusable" }));
    }
  });

  it.each(["0300", "0500", "0600"])("of mode %s is unusable", (mode) => {
    const dataDir = makeFolder();
    chmodSync(dataDir, Number.parseInt(mode, 8));
    // Modes mean nothing to root: a process of its own becomes nobody first.
    if (process.getuid?.() === 0) chownSync(dataDir, NOBODY, NOBODY);
    const script = `const { prepareDataDir } = await import(${JSON.stringify(new URL("./ownership.ts", import.meta.url))});
      if (process.getuid() === 0) process.setuid(${NOBODY});
      try { prepareDataDir(process.argv[1]); } catch (error) { console.log(error.code); }`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", script, dataDir], {
      encoding: "utf8",
    });
    expect(stdout.trim()).toBe("data_dir_unusable");
  });
});

describe("ownership", () => {
  it("is refused while another has it, and is free when that one releases it", async () => {
    const dataDir = makeFolder();
    const first = await claimDataDir(dataDir, systemClock);
    const second = claimDataDir(dataDir, systemClock);
    await expect(second).rejects.toMatchObject({ code: "data_dir_owned", message: expect.stringContaining(dataDir) });
    expect(readdirSync(dataDir)).toEqual(["collector.sock"]);
    expect(statSync(join(dataDir, "collector.sock")).mode & 0o777).toBe(0o600);
    await first.release();
    expect(readdirSync(dataDir)).toEqual([]);
    await (await claimDataDir(dataDir, systemClock)).release();
  });

  it("goes to exactly one of many that ask at once", async () => {
    for (let round = 0; round < (isLong ? 200 : 20); round++) {
      const dataDir = makeFolder();
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => claimOutcome(dataDir)));
      expect(outcomes.toSorted()).toEqual([...Array(4).fill("data_dir_owned"), "owner"]);
    }
  });

  it("goes to exactly one of many whose clocks are days and years apart", async () => {
    const day = 86_400_000;
    const clocks = [0, day, -day, 5 * 365 * day].map((jump) => ({ ...systemClock, now: () => Date.now() + jump }));
    for (let round = 0; round < (isLong ? 200 : 5); round++) {
      const dataDir = makeFolder();
      const outcomes = await Promise.all(clocks.map((clock) => claimOutcome(dataDir, clock)));
      expect(outcomes.toSorted()).toEqual([...Array(3).fill("data_dir_owned"), "owner"]);
    }
  });

  it("goes to exactly one of several processes after the owner was killed", async () => {
    const dataDir = makeFolder();
    for (let round = 0; round < (isLong ? 20 : 3); round++) {
      const started = await Promise.all([1, 2, 3].map(() => startLogProcess(dataDir)));
      const owners = started.filter((log) => log.first?.opened);
      expect(owners).toHaveLength(1);
      expect(started.filter((log) => log.first?.refused === "data_dir_owned")).toHaveLength(2);
      expect(await owners[0]?.append([`round-${round}`])).toBe(true);
      await Promise.all(started.map((log) => log.kill()));
      expect(readdirSync(dataDir)).toContain("collector.sock"); // It was killed: nobody took the socket away.
    }
  });

  it("is not taken from a process that hangs", async () => {
    const dataDir = makeFolder();
    const silent = createServer({ allowHalfOpen: true }).listen(join(dataDir, "collector.sock"));
    await once(silent, "listening");
    const sockets: Socket[] = [];
    silent.on("connection", (socket) => sockets.push(socket));
    await expect(claimDataDir(dataDir, systemClock)).rejects.toMatchObject({ code: "data_dir_owned" });
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it("is asked for again while the one that listens hangs up", async () => {
    const dataDir = makeFolder();
    const ending = createServer().listen(join(dataDir, "collector.sock"));
    await once(ending, "listening");
    let asked = 0;
    ending.on("connection", (socket) => {
      socket.destroy();
      asked++;
      if (asked === 3) ending.close();
    });
    await (await claimDataDir(dataDir, systemClock)).release();
    expect(asked).toBe(3);
  });

  it("works in a folder whose path is too long for a socket", async () => {
    const dataDir = join(makeFolder(), "d".repeat(100), "e".repeat(100));
    mkdirSync(dataDir, { recursive: true });
    const log = await openTestLog(dataDir);
    expect(await askOwner(dataDir, "status")).toMatchObject({ accepting: true });
    await expect(claimDataDir(dataDir, systemClock)).rejects.toMatchObject({ code: "data_dir_owned" });
    await log.close();
    expect(readdirSync(dataDir)).toEqual(["metrics.jsonl"]);
  });
});

describe("the control channel", () => {
  const commands = {
    echo: async (args: unknown) => ({ args: JSON.stringify(args) }),
    fail: async () => {
      throw new PasserbyError("invalid_request", "it cannot be done; leave it");
    },
  };

  it("answers nothing where nobody owns the folder", async () => {
    expect(await askOwner(makeFolder(), "status")).toBeUndefined();
    expect(await askOwner(join(makeFolder(), "none"), "status")).toBeUndefined();
  });

  it("answers commands with their arguments, at once and large ones", async () => {
    const dataDir = makeFolder();
    await openTestLog(dataDir, { commands });
    const args = { text: "ä\n".repeat(100_000) };
    const answers = await Promise.all([1, 2, 3].map(() => askOwner(dataDir, "echo", args)));
    expect(answers).toEqual(Array(3).fill({ args: JSON.stringify(args) }));
    expect(await askOwner(dataDir, "status")).toMatchObject({
      accepting: true,
      file: "metrics.jsonl",
      pid: process.pid,
    });
  });

  it("tells why a command failed or is unknown", async () => {
    const dataDir = makeFolder();
    await openTestLog(dataDir, { commands });
    await expect(askOwner(dataDir, "fail")).rejects.toMatchObject({
      code: "invalid_request",
      message: "it cannot be done; leave it",
    });
    await expect(askOwner(dataDir, "toString")).rejects.toMatchObject({ code: "not_found" });
  });

  it.each([
    ["no JSON", "status\n"],
    ["no object", "[]\n"],
    ["no command", "{}\n"],
  ])("answers %s with invalid_request", async (_, request) => {
    const dataDir = makeFolder();
    await openTestLog(dataDir);
    const socket = connect(join(dataDir, "collector.sock")).setEncoding("utf8");
    socket.end(request);
    const [answer] = await once(socket, "data");
    expect(JSON.parse(answer)).toMatchObject({ ok: false, error: "invalid_request" });
  });

  it("hangs up on a request without end and goes on", async () => {
    const dataDir = makeFolder();
    await openTestLog(dataDir);
    const socket = connect(join(dataDir, "collector.sock")).on("error", () => undefined);
    socket.write("x".repeat(3_000_000));
    await new Promise((resolve) => socket.on("close", resolve));
    expect(await askOwner(dataDir, "status")).toMatchObject({ accepting: true });
  });
});
