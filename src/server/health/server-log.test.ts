/** The server's own log: one record one line whatever a value holds, levels, errors, and the form for a terminal. */
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { PasserbyError } from "../../errors.ts";
import type { LogLevel } from "../../settings-shape.ts";
import { openServerLog, type ServerLog } from "./server-log.ts";

const clock = { now: () => Date.UTC(2026, 10, 24, 12) };

function open(level: LogLevel, isTTY = false): { readonly log: ServerLog; readonly text: () => string } {
  const output = Object.assign(new PassThrough(), { isTTY });
  const log = openServerLog({ level, clock, output });
  return { log, text: () => String(output.read() ?? "") };
}

function writeAll(log: ServerLog): void {
  log.debug("request", { route: "/", status: 200 });
  log.info("started");
  log.warn("the disk is nearly full");
  log.error("internal error", new Error("broken"));
}

describe("the log as JSON lines", () => {
  it.each<[LogLevel, number]>([
    ["silent", 0],
    ["error", 1],
    ["warn", 2],
    ["info", 3],
    ["debug", 4],
  ])("writes at level %s %i of four records", (level, count) => {
    const { log, text } = open(level);
    writeAll(log);
    expect(text().split("\n").length - 1).toBe(count);
    expect(log.isDebug).toBe(level === "debug");
  });

  it("says when, how grave, by whom and what, and no host name", () => {
    const { log, text } = open("info");
    log.info("started", { url: "http://127.0.0.1:8001" });
    expect(JSON.parse(text())).toEqual({
      level: "info",
      time: "2026-11-24T12:00:00.000Z",
      pid: process.pid,
      url: "http://127.0.0.1:8001",
      msg: "started",
    });
  });

  it("keeps one line of a value with newlines, quotes and terminal codes", () => {
    const { log, text } = open("info");
    const value = 'a\n{"level":"error"}\r\n\u001b[31m\u2028"\u0000';
    log.warn(value);
    log.info("x", { [value]: value });
    const lines = text().trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line)).map(({ level }) => level)).toEqual(["warn", "info"]);
    expect(lines.join("")).not.toContain("\u001b");
    expect(JSON.parse(lines[0] ?? "").msg).toBe(value);
  });

  it("writes an error with code, stack and causes, and no other field of it", () => {
    const { log, text } = open("info");
    const cause = Object.assign(new Error("EIO: i/o error"), { code: "EIO", body: "secret" });
    log.error("internal error", new PasserbyError("store_unavailable", "no store", { cause }));
    const written = text();
    expect(JSON.parse(written)).toMatchObject({
      level: "error",
      msg: "internal error",
      error: {
        type: "PasserbyError",
        code: "store_unavailable",
        message: "no store",
        stack: expect.stringContaining("server-log.test.ts"),
        cause: { type: "Error", code: "EIO", message: "EIO: i/o error", stack: expect.any(String) },
      },
    });
    expect(written).not.toContain("secret");
  });

  it("ends with a chain of causes that is a ring", () => {
    const { log, text } = open("info");
    const error = new Error("round");
    error.cause = error;
    log.error("internal error", error);
    expect(text().split("\n")).toHaveLength(2);
  });

  it("lives on when its reader has gone", () => {
    const output = new PassThrough();
    const log = openServerLog({ level: "info", clock, output });
    output.emit("error", new Error("EPIPE"));
    expect(() => log.warn("still here")).not.toThrow();
  });
});

describe("the log at a terminal", () => {
  it("is one plain line a warning, without what the start has printed already", () => {
    const { log, text } = open("info", true);
    log.info("started", { url: "http://127.0.0.1:8001" });
    log.warn("the disk is nearly full");
    expect(text()).toBe("passerby: the disk is nearly full\n");
  });

  it("shows terminal codes instead of obeying them", () => {
    const { log, text } = open("info", true);
    log.warn("a\u001b[2Jb\u009bc\r");
    expect(text()).toBe("passerby: a\\x1b[2Jb\\x9bc\\x0d\n");
  });
});
