/** `passerby snippet` as a person runs it: tags that work as they are printed. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { runCommand } from "../support/command.ts";

const HASHES: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL("../../dist/tracker/integrity.json", import.meta.url), "utf8"),
);
const integrity = HASHES["passerby-full.js"] ?? "";
const hash = Buffer.from(integrity.replace("sha384-", ""), "base64").toString("hex").slice(0, 16);

it("prints the plain tag and the pinned one", async () => {
  const args = ["snippet", "--site", "example.com", "--url", "https://metrics.example.com/"];
  expect(await runCommand(args)).toEqual({
    code: 0,
    stderr: "",
    stdout: `Follows updates of the collector:

<script defer src="https://metrics.example.com/passerby-full.js" data-site="example.com"></script>

Pinned, runs this build only:

<script defer src="https://metrics.example.com/passerby-full.${hash}.js" integrity="${integrity}" crossorigin="anonymous" data-site="example.com"></script>
`,
  });
});

it("prints the tags of docs/guide/script-tag.md", async () => {
  const page = readFileSync(new URL("../../docs/guide/script-tag.md", import.meta.url), "utf8");
  const [, command = ""] = /^`passerby ([^`]+)`/m.exec(page) ?? [];
  const { stdout } = await runCommand(command.split(" "));
  const tags = stdout
    .replace(hash, "<hash>")
    .replace(integrity, "sha384-…")
    .match(/^<script.*$/gm);
  expect(page.match(/^<script.*$/gm)).toEqual(tags);
});

it("tells the tracker of a collector below a path", async () => {
  const { stdout } = await runCommand(["snippet", "--url", "https://example.com/stats", "--json"]);
  expect(JSON.parse(stdout)).toEqual([
    {
      script: "passerby-full.js",
      integrity,
      plain:
        '<script defer src="https://example.com/stats/passerby-full.js" data-api="https://example.com/stats"></script>',
      pinned: expect.stringContaining('crossorigin="anonymous" data-api="https://example.com/stats"></script>'),
    },
  ]);
});

it.each([
  [["--url", "metrics.example.com"], /^passerby: --url metrics.example.com is not allowed: [^\n]+\n$/],
  [["--site", '"><script>'], /^passerby: --site "><script> is not allowed: [^\n]+\n$/],
  [["--with", "nothing"], /^passerby: there is no script passerby-nothing.js: built is passerby.js[^\n]*\n$/],
])("stops for %j", async (args, line) => {
  const { code, stdout, stderr } = await runCommand(["snippet", ...args]);
  expect([code, stdout, stderr]).toEqual([2, "", expect.stringMatching(line)]);
});
