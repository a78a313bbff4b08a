/** A data directory with one visitor in every kind of file, and a search that finds an id in whatever form it is stored. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import type { AcceptedEvent } from "../../src/event.ts";
import { encodeLines } from "../../src/log/write/encode-line.ts";
import { script } from "../means.ts";
import { COMMAND } from "../support/command.ts";
import { makeEvent } from "./make-event.ts";

/** The visitor that is erased in these tests. */
export const VICTIM = "visitor-to-be-erased-7531";

const QUESTION = "Type yes: ";
const ERASER = fileURLToPath(new URL("./eraser.ts", import.meta.url));

/** Makes events of which every third is the victim's; the site of each is `localhost`. */
export function mixedEvents(count: number, day: string, prefix: string): readonly AcceptedEvent[] {
  return Array.from({ length: count }, (_, index) =>
    makeEvent(`${prefix}-${index}`, {
      visitorId: index % 3 === 0 ? VICTIM : `other-visitor-${index % 5}`,
      site: "localhost",
      timestamp: `${day}T10:00:${String(index % 60).padStart(2, "0")}.000Z`,
      receivedAt: `${day}T10:00:${String(index % 60).padStart(2, "0")}.000Z`,
    }),
  );
}

/** Writes shards in every form, an import, and a torn line; returns the events. */
export function writeShards(dataDir: string): readonly AcceptedEvent[] {
  const shards = [
    ["metrics-2026-11-20.1.jsonl", "w1", (bytes: Buffer) => bytes],
    ["metrics-2026-11-21.1.jsonl.gz", "w1", gzipSync],
    ["metrics-2026-11-22.1.jsonl.zst", "w1", zstdCompressSync],
    ["metrics-import-spring-1.jsonl", "import-spring", (bytes: Buffer) => bytes],
    ["metrics-2026-11-23.1.jsonl", "w1", (bytes: Buffer) => bytes],
  ] as const;
  const all: AcceptedEvent[] = [];
  for (const [index, [name, writer, form]] of shards.entries()) {
    const day = `2026-11-2${index === 3 ? 0 : Math.min(index, 3)}`;
    const events = mixedEvents(12, day, name);
    all.push(...events);
    const lines = encodeLines(events, { writer, start: `start-${index}`, seq: 0 });
    writeFileSync(join(dataDir, name), form(Buffer.from(lines)), { mode: 0o600 });
  }
  writeFileSync(join(dataDir, "metrics-torn-2026-11-23-w1-900-aa.jsonl"), `{"v":1,"visitor_id":"${VICTIM}","ti`);
  writeFileSync(join(dataDir, "metrics-torn-2026-11-23-w1-901-bb.jsonl"), '{"v":1,"visitor_id":"other-visitor-1","ti');
  return all;
}

/**
 * Lists the files of a folder that hold a text: as bytes, inflated, or, in a database, in any column of any table. A database
 * that is open in another process is searched as bytes alone.
 */
export async function filesHolding(dataDir: string, text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of readdirSync(dataDir).sort()) {
    const path = join(dataDir, name);
    if (!statSync(path).isFile()) continue;
    const bytes = readFileSync(path);
    const isIn =
      bytes.includes(text) ||
      (name.endsWith(".gz") && gunzipSync(bytes).includes(text)) ||
      (name.endsWith(".zst") && zstdDecompressSync(bytes).includes(text)) ||
      (name.endsWith(".duckdb") && (await isInDatabase(path, text)));
    if (isIn) found.push(name);
  }
  return found;
}

/** Counts how often an event id (a UUID) is in the files of remembered ids. */
export function countRemembered(dataDir: string, eventId: string): number {
  const id = Buffer.from(eventId.replaceAll("-", ""), "hex");
  const files = readdirSync(dataDir).filter((name) => name.startsWith("dedup-ids"));
  return files.filter((name) => readFileSync(join(dataDir, name)).includes(id)).length;
}

/** Every line of the log with its file, inflated, in the order of names. */
export function allLines(dataDir: string): readonly string[] {
  const names = readdirSync(dataDir).filter((name) => /^metrics.*\.jsonl(\.gz|\.zst)?$/.test(name));
  return names.sort().flatMap((name) => {
    const bytes = readFileSync(join(dataDir, name));
    const plain = name.endsWith(".gz") ? gunzipSync(bytes) : name.endsWith(".zst") ? zstdDecompressSync(bytes) : bytes;
    const lines = plain.toString("utf8").split("\n");
    return lines.filter((line) => line !== "").map((line) => `${name}: ${line}`);
  });
}

/** Runs `passerby erase` from the sources. */
export async function runErase(
  dataDir: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [COMMAND, "erase", "--data-dir", dataDir, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, ...output };
}

/** Runs `passerby erase` at a terminal (script(1) makes one), and types an answer when it asks; returns all that is shown. */
export async function eraseAtTerminal(
  dataDir: string,
  args: readonly string[],
  answer: string,
): Promise<{ readonly code: number | null; readonly shown: string }> {
  const command = [process.execPath, COMMAND, "erase", "--data-dir", dataDir, ...args].map(quote).join(" ");
  const child = spawn(script ?? "script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const isAsked = shown.includes(QUESTION);
    shown += chunk.toString();
    if (!isAsked && shown.includes(QUESTION)) child.stdin.write(`${answer}\n`);
  });
  await once(child, "close");
  return { code: child.exitCode, shown };
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Erases the victim in a process that kills itself behind the nth step, 0 for none; returns its exit code, null when it was killed. */
export async function eraseKilled(dataDir: string, step: number): Promise<number | null> {
  const child = spawn(process.execPath, [ERASER, dataDir, VICTIM, String(step)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(child, "close");
  return code;
}

async function isInDatabase(path: string, text: string): Promise<boolean> {
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" }).catch(() => undefined);
  if (instance === undefined) return false;
  const connection = await instance.connect();
  try {
    const tables = await connection.runAndReadAll("SELECT table_name FROM duckdb_tables()");
    for (const [table] of tables.getRowsJS()) {
      const sql = `SELECT count(*) FROM "${table}" t WHERE contains(t::VARCHAR, '${text}')`;
      const rows = (await connection.runAndReadAll(sql)).getRowsJS();
      if (Number(rows[0]?.[0]) > 0) return true;
    }
    return false;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
