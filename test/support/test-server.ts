/** A real server on a free port over a fresh data directory, for tests that speak HTTP to it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Clock, systemClock } from "../../src/clock.ts";
import { readSettings } from "../../src/config.ts";
import type { StreamLimits } from "../../src/live/event-stream.ts";
import { openServerLog } from "../../src/server/health/server-log.ts";
import { startServer } from "../../src/server/run.ts";

/** Set for a run of the tests over workers (vitest.config.ts). */
const WORKERS = process.env["PASSERBY_TEST_WORKERS"] ?? "1";

/** What an answer may name as the file that an event is in. */
export const ACTIVE_FILE: RegExp = /^metrics(\.w2)?\.jsonl$/;

export type TestServer = {
  readonly url: string;
  /** Empty where the admin listener is off. */
  readonly adminUrl: string;
  readonly dataDir: string;
  /** Messages of the server's own log at level warn and error so far. */
  readonly warnings: readonly string[];
  /** Everything that the server's own log has so far. */
  readonly logged: () => string;
  /** The token of a link that signs in once. */
  readonly signInToken: () => string;
  /** Every event in the log's files, oldest file first, as JSON. */
  readonly readLog: () => readonly Record<string, unknown>[];
  /** Stops the server; the data directory stays for another one. */
  readonly stop: () => Promise<void>;
  /** Stops the server and removes the data directory. */
  readonly close: () => Promise<void>;
};

export type TestServerOptions = {
  /** Settings by variable name. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** An existing data directory; default: a new one. */
  readonly dataDir?: string;
  /** Folder of a build of its own; default: that of the repository. */
  readonly distDir?: string;
  readonly streamLimits?: Partial<StreamLimits>;
};

/** Starts a server. Close it. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "passerby-test-"));
  const { clock = systemClock } = options;
  // One client asks as fast as it can in most tests; those of the rate limit turn it on.
  const own = { PORT: "0", METRICS_ADMIN_LISTEN: "127.0.0.1:0", METRICS_RATE_LIMIT: "0", METRICS_WORKERS: WORKERS };
  const settings = readSettings({ ...own, METRICS_DATA_DIR: dataDir, ...options.settings });
  const written = collectLines();
  const server = await startServer({
    settings,
    clock,
    distDir: options.distDir ?? fileURLToPath(new URL("../../dist", import.meta.url)),
    ...(options.streamLimits && { streamLimits: options.streamLimits }),
    serverLog: openServerLog({ level: settings.logLevel, clock, output: written.output }),
  });
  return {
    url: server.url,
    adminUrl: server.adminUrl ?? "",
    dataDir,
    warnings: written.warnings,
    logged: () => written.lines.join(""),
    signInToken: () => server.signInLink().split("#sign-in=")[1] ?? "",
    readLog: () => readLog(dataDir),
    stop: server.close,
    close: async () => {
      await server.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function collectLines(): { readonly output: Writable; readonly lines: string[]; readonly warnings: string[] } {
  const lines: string[] = [];
  const warnings: string[] = [];
  const output = new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      lines.push(line);
      const { level, msg }: { level: string; msg: string } = JSON.parse(line);
      if (level === "warn" || level === "error") warnings.push(msg);
      done();
    },
  });
  return { output, lines, warnings };
}

/** Reads every line of every plain file of a log; a line that is no JSON throws. */
export function readLog(dataDir: string): readonly Record<string, unknown>[] {
  const files = readdirSync(dataDir).filter((name) => /^metrics.*\.jsonl$/.test(name) && !name.includes("torn"));
  return files.sort().flatMap((name) => {
    const lines = readFileSync(join(dataDir, name), "utf8").split("\n");
    return lines.filter((line) => line !== "").map((line): Record<string, unknown> => JSON.parse(line));
  });
}
