/** A real server on a free port over a fresh data directory, for tests that speak HTTP to it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, systemClock } from "../../src/clock.ts";
import { readSettings } from "../../src/config.ts";
import type { StreamLimits } from "../../src/live/event-stream.ts";
import { startServer } from "../../src/server/run.ts";

export type TestServer = {
  readonly url: string;
  readonly dataDir: string;
  readonly warnings: readonly string[];
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
  const warnings: string[] = [];
  const server = await startServer({
    // One client asks as fast as it can in most tests; those of the rate limit turn it on.
    settings: readSettings({ PORT: "0", METRICS_DATA_DIR: dataDir, METRICS_RATE_LIMIT: "0", ...options.settings }),
    clock: options.clock ?? systemClock,
    distDir: options.distDir ?? fileURLToPath(new URL("../../dist/", import.meta.url)),
    ...(options.streamLimits && { streamLimits: options.streamLimits }),
    onWarning: (message) => warnings.push(message),
  });
  return {
    url: server.url,
    dataDir,
    warnings,
    signInToken: () => server.signInLink().split("#sign-in=")[1] ?? "",
    readLog: () => readLog(dataDir),
    stop: server.close,
    close: async () => {
      await server.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Reads every line of every plain file of a log; a line that is no JSON throws. */
export function readLog(dataDir: string): readonly Record<string, unknown>[] {
  const files = readdirSync(dataDir).filter((name) => /^metrics.*\.jsonl$/.test(name) && !name.includes("torn"));
  return files.sort().flatMap((name) => {
    const lines = readFileSync(join(dataDir, name), "utf8").split("\n");
    return lines.filter((line) => line !== "").map((line): Record<string, unknown> => JSON.parse(line));
  });
}
