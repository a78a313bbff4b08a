/** `passerby init`: what it writes for a domain, what it leaves alone, and that the doctor has nothing against it. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { COMMAND, type Finished, runCommand } from "../support/command.ts";

const DEPLOYMENT = ["--site", "https://example.com", "--contact", "Ada <ada@example.com>", "--retention-days", "12"];

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "passerby-init-test-"));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

function init(...args: readonly string[]): Promise<Finished> {
  return runCommand(["init", "--out", out, ...args]);
}

function read(path: string): string {
  return readFileSync(join(out, path), "utf8");
}

describe("a folder of its own", () => {
  it("gets variables, compose file, edge, tag and privacy page", async () => {
    const { code } = await init(...DEPLOYMENT);
    expect(code).toBe(0);
    expect(parseEnv(read("deploy/.env"))).toMatchObject({
      EDGE_DOMAIN: "metrics.example.com",
      ALLOWED_ORIGINS: "https://example.com,https://www.example.com",
      METRICS_RETENTION_DAYS: "12",
    });
    expect(statSync(join(out, "deploy/.env")).mode & 0o777).toBe(0o600);
    expect(read("deploy/site/snippet.html")).toContain('src="https://metrics.example.com/passerby-full.js"');
    expect(read("deploy/site/privacy.html")).toMatch(/12 days/);
    expect(read("deploy/site/privacy.html")).toContain("Ada &lt;ada@example.com&gt;");
    expect(existsSync(join(out, "deploy/edge/passerby/limits.conf"))).toBe(true);
    // The image is built from the repository, wherever the compose file stands.
    const { context } = parse(read("deploy/docker-compose.full.yml"), { merge: true }).services.collector.build;
    expect(existsSync(join(out, "deploy", context, "deploy/Dockerfile"))).toBe(true);
  });

  it("gets nginx filled in and the variables of the units, without Docker", async () => {
    await init(...DEPLOYMENT, "--systemd", "--domain", "stats.example.com");
    expect(read("deploy/nginx/conf.d/passerby.conf")).toContain("server_name stats.example.com;");
    expect(parseEnv(read("deploy/passerby.env"))).toMatchObject({ TRUSTED_PROXIES: "127.0.0.1,::1" });
    expect(existsSync(join(out, "deploy/.env"))).toBe(false);
  });

  it("is left as it is by a second run", async () => {
    await init(...DEPLOYMENT);
    const before = readdirSync(out, { recursive: true, encoding: "utf8" }).length;
    const { code, stdout } = await init(...DEPLOYMENT);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/\d+ files are as they should be/)]);
    expect(readdirSync(out, { recursive: true })).toHaveLength(before);
  });
});

describe("a file that is in the way", () => {
  it("stays, and nothing else is written", async () => {
    await init(...DEPLOYMENT);
    writeFileSync(join(out, "deploy/.env"), "MINE=1\n");
    const { code, stderr } = await init("--site", "https://example.org");
    expect([code, stderr]).toEqual([2, expect.stringContaining("deploy/.env")]);
    expect(read("deploy/.env")).toBe("MINE=1\n");
    expect(read("deploy/site/snippet.html")).toContain("metrics.example.com");
  });

  it("is replaced by --force and kept as a copy", async () => {
    await init(...DEPLOYMENT);
    writeFileSync(join(out, "deploy/.env"), "MINE=1\n");
    const { code } = await init(...DEPLOYMENT, "--force");
    expect(code).toBe(0);
    expect(read("deploy/.env")).toContain("EDGE_DOMAIN=metrics.example.com");
    const copies = readdirSync(join(out, "deploy")).filter((name) => name.startsWith(".env.bak-"));
    expect(copies.map((name) => read(`deploy/${name}`))).toEqual(["MINE=1\n"]);
  });

  it("is named by --dry-run, which writes nothing", async () => {
    const { code, stdout } = await init(...DEPLOYMENT, "--dry-run");
    expect([code, stdout]).toEqual([0, expect.stringContaining("deploy/.env")]);
    expect(readdirSync(out)).toEqual([]);
  });
});

describe("answers", () => {
  it.each([
    ["--site", "ftp://example.com"],
    ["--site", "http://example.com"],
    ["--domain", "https://metrics.example.com"],
    ["--domain", "metrics.example.com;"],
    ["--retention-days", "forever"],
  ])("are refused with what to give: %s %s", async (flag, value) => {
    const { code, stderr } = await init("--site", "example.com", flag, value);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/give /)]);
    expect(readdirSync(out)).toEqual([]);
  });

  it("must be given where nobody can be asked", async () => {
    const { code, stderr } = await init();
    expect([code, stderr]).toEqual([2, expect.stringContaining("--site is missing")]);
  });

  it("are asked for at a terminal, again where one is wrong", async () => {
    const command = `${process.execPath} ${COMMAND} init --out ${out}`;
    const terminal = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"]);
    let shown = "";
    const answers: readonly (readonly [RegExp, string])[] = [
      [/Address of your site: $/, "ftp://example.com"],
      [/give one such as[^\n]*\s+Address of your site: $/, "example.com"],
      [/\[metrics\.example\.com\]: $/, ""],
      [/responsible[^\n]*: $/, "ada@example.com"],
      [/kept \[30\]: $/, "14"],
    ];
    let next = 0;
    terminal.stdout.on("data", (chunk: Buffer) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told of its cursor
      shown += chunk.toString().replace(/\u001b\[[\d;?]*[A-Za-z]/g, "");
      const [question, answer] = answers[next] ?? [];
      if (question?.test(shown)) {
        next++;
        terminal.stdin.write(`${answer}\r`);
      }
    });
    await once(terminal, "close");
    expect(next).toBe(answers.length);
    expect(parseEnv(read("deploy/.env"))).toMatchObject({
      EDGE_DOMAIN: "metrics.example.com",
      METRICS_RETENTION_DAYS: "14",
    });
  });
});

describe("the doctor", () => {
  it.each([
    [
      "Docker",
      [],
      ["--compose", "deploy/docker-compose.full.yml", "--env", "deploy/.env", "--nginx", "deploy/edge/nginx.conf"],
    ],
    ["systemd", ["--systemd"], ["--env", "deploy/passerby.env", "--nginx", "deploy/nginx/nginx.conf"]],
  ])("has nothing against what is set up for %s", async (_name, flags, files) => {
    await init(...DEPLOYMENT, ...flags);
    const given = files.map((word) => (word.startsWith("--") ? word : join(out, word)));
    const { code, stdout } = await runCommand(["doctor", ...given, "--json"]);
    expect(complaintsIn(stdout)).toEqual([]);
    expect([code, JSON.parse(stdout).summary.pass > 50]).toEqual([0, true]);
  });

  it("finds that git would leave out what must not be in it", async () => {
    await init(...DEPLOYMENT);
    spawnSync("git", ["init", "--quiet", out]);
    const { code, stdout } = await runCommand(["doctor", "--section", "6", "--repo", out, "--json"]);
    expect([code, complaintsIn(stdout)]).toEqual([0, []]);
  });
});

type Told = { readonly verdict: string; readonly id: string };

/** What a report in JSON says is not well. */
function complaintsIn(report: string): readonly Told[] {
  const { sections } = JSON.parse(report);
  const told: readonly Told[] = sections.flatMap(({ lines }: { lines: readonly { checks: readonly Told[] }[] }) =>
    lines.flatMap(({ checks }) => checks),
  );
  return told.filter(({ verdict }) => verdict === "fail" || verdict === "warn");
}
