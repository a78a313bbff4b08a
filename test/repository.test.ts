/** Holds that nothing a server collects, and no secret, comes into the repository. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lintSource } from "@secretlint/core";
import { creator } from "@secretlint/secretlint-rule-preset-recommend";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand, startCommand } from "./support/command.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const PLACEHOLDERS = [
  [/YYYY-MM-DD|DAY/g, "2026-11-23"],
  [/wN/g, "w2"],
  [/…|NAME|KEY|\bN\b|\bK\b|\*/g, "1"],
] as const;

let repository: string;
beforeAll(() => {
  repository = mkdtempSync(join(tmpdir(), "passerby-repository-"));
  git("init", "--quiet");
  copyFileSync(join(ROOT, ".gitignore"), join(repository, ".gitignore"));
});
afterAll(() => rmSync(repository, { recursive: true }));

function git(...command: readonly string[]): string {
  return execFileSync("git", ["-C", repository, ...command], { encoding: "utf8" });
}

/** Made-up secrets that tests need: in an address that is cut, and in a text that is scrubbed. */
const EXAMPLES = new Set(["src/collector/enrichment/source.test.ts", "src/collector/privacy/scrub.test.ts"]);

/** Names of every file of the data directory, from the page that lists them. */
function listDataFiles(): readonly string[] {
  const page = readFileSync(join(ROOT, "docs/reference/files.md"), "utf8");
  const cells = page.split("\n").flatMap((line) => /^\| (`.*?) \|/.exec(line)?.[1] ?? []);
  const names = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
  const whole = names.filter((name) => !/^\.(wal|tmp)$/.test(name));
  return whole.map((name) => PLACEHOLDERS.reduce((text, [pattern, value]) => text.replace(pattern, value), name));
}

describe("git", () => {
  test("ignores each file of the data directory, wherever that is, and what the checklist names", () => {
    const files = listDataFiles();
    expect(files.length).toBeGreaterThan(30);
    const shards = ["jsonl.gz", "jsonl.zst", "jsonl.old"].map((ending) => `metrics-2026-11-23.1.${ending}`);
    const stores = ["store.duckdb.wal", "store.duckdb.tmp", "store-replay.duckdb.wal"];
    const paths = [...files, ...shards, ...stores].flatMap((name) => [name, `data/${name}`, `elsewhere/${name}`]);
    const ignored = execFileSync("git", ["-C", repository, "check-ignore", "--stdin"], {
      input: paths.join("\n"),
      encoding: "utf8",
    });
    expect(paths.filter((path) => !ignored.split("\n").includes(path))).toEqual([]);
  });

  test("sees nothing new after a run with data in the working tree", async () => {
    git("add", "--all");
    const before = git("status", "--porcelain");
    const dataDir = ["--data-dir", join(repository, "elsewhere")];
    const server = await startCommand(dataDir);
    expect((await runCommand(["key", "create", "--scope", "read", ...dataDir])).code).toBe(0);
    const body = JSON.stringify({ event: "page_view", url: "http://localhost/" });
    const answer = await fetch(`${server.url}/api/metrics/event`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    expect(answer.status).toBe(202);
    expect(git("status", "--porcelain")).toBe(before);
    server.process.kill("SIGTERM");
    await once(server.process, "close");
    expect((await runCommand(["rotate", "--once", ...dataDir])).code).toBe(0);
    expect(git("status", "--porcelain")).toBe(before);
  });
});

describe("the files of the repository", () => {
  const list = (): readonly string[] => {
    const tracked = execFileSync("git", ["-C", ROOT, "ls-files", "-z"], { encoding: "utf8" });
    return tracked.split("\0").filter((path) => /\.(?!png$|ico$)[a-z]+$/.test(path));
  };
  const scan = async (content: string): Promise<readonly number[]> => {
    const { messages } = await lintSource({
      source: { filePath: "all.txt", content, contentType: "text" },
      options: { config: { rules: [{ id: "@secretlint/secretlint-rule-preset-recommend", rule: creator }] } },
    });
    return messages.map(({ range: [from] }) => from);
  };

  test("hold no secret, as those who look for them find", async () => {
    // As one text: the scanner measures itself, which takes minutes for many.
    const files = list().map((path) => ({ path, text: `\n${readFileSync(join(ROOT, path), "utf8")}\n` }));
    const found = await scan(files.map(({ text }) => text).join(""));
    let end = 0;
    const ends = files.map(({ path, text }) => {
      end += text.length;
      return { path, end };
    });
    const named = found.map((at) => ends.find((file) => at < file.end)?.path);
    expect(new Set(named)).toEqual(EXAMPLES);
    const kind = ["PRIVATE", "KEY"].join(" ");
    const planted = `-----BEGIN RSA ${kind}-----\n${"MIIEpAIBAAKCAQEA".repeat(20)}\n-----END RSA ${kind}-----\n`;
    expect(await scan(planted)).toHaveLength(1);
  });

  test("hold nothing that a server collected", () => {
    const collected =
      /(^|\/)(metrics[^/]*\.jsonl(\.\w+)?|store[^/]*\.duckdb|salt-\d[^/]*|dedup-ids[^/]*\.bin|keys\.json)$/;
    expect(list().filter((path) => collected.test(path))).toEqual([]);
  });
});
