/** The reference pages against the code: made pages are as the code makes them, written ones name what there is. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { brakeCommand } from "../cmd/brake.ts";
import { REFERENCE_PAGES } from "../scripts/make-reference.ts";
import { ERRORS } from "../src/errors.ts";
import { STREAM_LIMITS } from "../src/live/event-stream.ts";
import { PAUSE_FILE } from "../src/log/rotate/pause.ts";
import { ASSET_EXTENSIONS } from "../src/transfer/page-view.ts";

function readPage(name: string): string {
  return readFileSync(new URL(`../docs/reference/${name}`, import.meta.url), "utf8");
}

describe("docs/reference", () => {
  it.each(Object.entries(REFERENCE_PAGES))("%s is what scripts/make-reference.ts makes", (name, make) => {
    expect(readPage(name)).toBe(make());
  });

  it("errors.md has the codes of errors.ts with status and retry, all of them and no other", () => {
    const rows = [...readPage("errors.md").matchAll(/^\| `(\w+)` \| (\S+) \| (yes|no) \| (.+) \|$/gm)];
    const told = rows.map(([, code, status, retry]) => ({ code, status, retry }));
    const real = Object.entries(ERRORS).map(([code, { status, retryable }]) => ({
      code,
      status: String(status ?? "-"),
      retry: retryable ? "yes" : "no",
    }));
    expect(told).toEqual(real);
  });

  it("imports.md lists the endings of assets, all of them and no other", () => {
    const list = readPage("imports.md").split("<!-- assets -->")[1]?.split("<!-- /assets -->")[0] ?? "";
    expect([...list.matchAll(/`(\w+)`/g)].map(([, ending]) => ending)).toEqual([...ASSET_EXTENSIONS]);
  });

  it("live.md tells the limits of the stream", () => {
    const { maxReaders, maxWaitingBytes, heartbeatMs, gatherMs } = STREAM_LIMITS;
    const page = readPage("live.md");
    expect(page).toContain(`${maxReaders} streams can be open`);
    expect(page).toContain(`more than ${maxWaitingBytes / 1_048_576} MiB unread`);
    expect(page).toContain(`every ${heartbeatMs / 1000} s`);
    expect(page).toContain(`about ${gatherMs} ms after`);
  });

  it("brake.md has the commands and flags of passerby brake, all of them and no other", () => {
    const page = readPage("brake.md");
    const commands = brakeCommand().commands;
    const flags = new Set(commands.flatMap(({ options }) => options.map(({ long }) => long)));
    // Flags of other commands that it names are theirs.
    const own = page.replaceAll(/(?:passerby rotate|docker compose) [^`"\n]*/g, "");
    expect(new Set(own.match(/(?<![\w-])--(?!help)[a-z][a-z-]+/g))).toEqual(flags);
    const shown = [...page.matchAll(/^passerby brake (\w+)/gm)].map(([, name]) => name);
    expect(new Set(shown)).toEqual(new Set(commands.map((command) => command.name())));
  });

  it("files.md names every file that the code makes in the data directory", () => {
    const page = readPage("files.md");
    for (const name of [
      "metrics.jsonl",
      PAUSE_FILE,
      "salt-YYYY-MM-DD",
      "salt-record.jsonl",
      "ledger-YYYY-MM-DD.jsonl",
      "dedup-ids.bin",
      "keys.json",
      "sessions.json",
      "control.json",
      "control-audit.jsonl",
      "store.duckdb",
      "collector.sock",
    ]) {
      expect(page).toContain(`\`${name}\``);
    }
  });
});
