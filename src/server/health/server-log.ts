/**
 * The server's own log: JSON lines for a collector of logs, plain lines for a person at a terminal. It promises that one
 * record is one line whatever a value holds, and it is never given an address, an id, a header, a URL or a body.
 */
import { pino } from "pino";
import type { Clock } from "../../clock.ts";
import { describeError } from "../../errors.ts";
import type { LogLevel } from "../../settings-shape.ts";

type Fields = Readonly<Record<string, unknown>>;

export type ServerLog = {
  /** True when debug writes anything, so that a request need not gather what nobody reads. */
  readonly isDebug: boolean;
  readonly debug: (message: string, fields?: Fields) => void;
  readonly info: (message: string, fields?: Fields) => void;
  readonly warn: (message: string) => void;
  /** Writes the message with type, code, stack and causes of what was thrown. */
  readonly error: (message: string, thrown: unknown) => void;
};

export type ServerLogOptions = {
  readonly level: LogLevel;
  readonly clock: Pick<Clock, "now">;
  /** Where the lines go, such as `process.stderr`; at a terminal they are text for people. */
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
};

/** Causes that are followed: a chain that is longer was made by a loop. */
const MAX_CAUSES = 5;

/** Opens the log. A reader that goes away must not end a server that stores events, so write errors are let go. */
export function openServerLog(options: ServerLogOptions): ServerLog {
  options.output.on("error", () => undefined);
  return options.output.isTTY === true ? terminalLog(options) : jsonLog(options);
}

function jsonLog({ level, clock, output }: ServerLogOptions): ServerLog {
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    output,
  );
  return {
    isDebug: logger.isLevelEnabled("debug"),
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message) => logger.warn(message),
    error: (message, thrown) => logger.error({ error: describeThrown(thrown, MAX_CAUSES) }, message),
  };
}

/** Error types carry fields of their own, bodies among them: only what is named here is written. */
function describeThrown(thrown: unknown, causes: number): Fields {
  if (!(thrown instanceof Error)) return { message: describeError(thrown) };
  const { name, message, stack, cause } = thrown;
  const code = "code" in thrown && typeof thrown.code === "string" ? { code: thrown.code } : {};
  const rest = cause === undefined || causes === 0 ? {} : { cause: describeThrown(cause, causes - 1) };
  return { type: name, ...code, message, stack, ...rest };
}

const RANK: Readonly<Record<LogLevel, number>> = { silent: 0, error: 1, warn: 2, info: 3, debug: 4 };

/** What a start has to say stands on standard output already, so at a terminal info is left out. */
function terminalLog({ level, output }: ServerLogOptions): ServerLog {
  const writes = (needed: LogLevel): boolean => RANK[level] >= RANK[needed];
  const print = (text: string): void => void output.write(`passerby: ${plainText(text)}\n`);
  return {
    isDebug: writes("debug"),
    debug: (message, fields = {}) => {
      if (writes("debug")) print([message, ...Object.values(fields).map(String)].join(" "));
    },
    info: () => undefined,
    warn: (message) => {
      if (writes("warn")) print(message);
    },
    error: (message, thrown) => {
      if (!writes("error")) return;
      const { stack, message: what } = describeThrown(thrown, 0);
      print(`${message}: ${String(stack ?? what)}`);
    },
  };
}

/** Shows control characters instead of letting a terminal obey them; lines after the first are indented. */
function plainText(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`))
    .join("\n  ");
}
