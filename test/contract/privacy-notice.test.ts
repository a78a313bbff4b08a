/** Holds that the collector does what the privacy notice made of its settings says. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMAND } from "../support/command.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

type Facts = {
  readonly fields: readonly { readonly name: string }[];
  readonly privacySignals: string;
};

function factsOf(settings: Readonly<Record<string, string>>): Facts {
  const env = { ...process.env, ...settings };
  return JSON.parse(execFileSync(process.execPath, [COMMAND, "privacy-page", "--json"], { env, encoding: "utf8" }));
}

const SITES = { METRICS_SITES: "example.com=localhost", ALLOWED_ORIGINS: "http://localhost:3000" };
const BROWSER = {
  origin: "http://localhost:3000",
  "content-type": "text/plain",
  "accept-language": "de-AT,de;q=0.9",
  "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
};

async function send(server: TestServer, headers: Readonly<Record<string, string>>): Promise<void> {
  const body = JSON.stringify({
    ...{
      event: "page_view",
      url: "http://localhost:3000/a?utm_source=x",
      title: "A",
      screen: "100x100",
      bucket: "page",
    },
    ...{ referrer: "https://news.example/", metadata: { path: "/a" }, timestamp: new Date(0).toISOString() },
  });
  await fetch(`${server.url}/api/metrics/event`, { method: "POST", headers: { ...BROWSER, ...headers }, body });
}

describe.each(["false", "true"])("with METRICS_KEEP_USER_AGENT=%s", (keep) => {
  test("no event has a field that the notice does not name", async () => {
    const settings = { ...SITES, METRICS_KEEP_USER_AGENT: keep };
    const server = await startTestServer({ settings });
    await send(server, {});
    const [line = {}] = server.readLog();
    await server.close();
    const named = factsOf(settings).fields.map(({ name }) => name);
    expect(Object.keys(line).filter((name) => !named.includes(name))).toEqual([]);
    expect(Object.hasOwn(line, "user_agent")).toBe(named.includes("user_agent"));
    expect(named.filter((name) => !Object.hasOwn(line, name)).toSorted()).toEqual([]);
  });
});

test("a browser that asks for privacy is stored as the notice says: not at all, without a visitor, or like all else", async () => {
  const stored: Record<string, number> = {};
  const visitors: Record<string, number> = {};
  for (const answer of ["drop", "no_id", "ignore"]) {
    const settings = { ...SITES, METRICS_PRIVACY_SIGNALS: answer };
    const server = await startTestServer({ settings });
    for (const _ of [1, 2]) await send(server, { "sec-gpc": "1" });
    const lines = server.readLog();
    await server.close();
    const { privacySignals } = factsOf(settings);
    stored[privacySignals] = lines.length;
    visitors[privacySignals] = new Set(lines.map((line) => line["visitor_id"])).size;
  }
  expect(stored).toEqual({ drop: 0, no_id: 2, ignore: 2 });
  expect(visitors).toEqual({ drop: 0, no_id: 2, ignore: 1 });
});

describe("the command", () => {
  test("puts the notice into a page of the site's own, and ends with 2 and one line where it cannot", () => {
    const folder = mkdtempSync(join(tmpdir(), "passerby-privacy-"));
    const [page, out] = [join(folder, "page.html"), join(folder, "out.html")];
    const run = (...flags: string[]) =>
      spawnSync(process.execPath, [COMMAND, "privacy-page", ...flags], {
        env: { ...process.env, METRICS_RETENTION_DAYS: "11" },
        encoding: "utf8",
      });
    writeFileSync(page, "<title>Ours</title><!-- passerby-privacy -->");
    const written = run("--page", page, "--out", out, "--event", "signup=You sign up");
    expect(written).toMatchObject({ status: 0, stdout: "", stderr: `Wrote ${out}\n` });
    const text = readFileSync(out, "utf8");
    expect(text).toMatch(/^<title>Ours<\/title><div class="passerby-privacy">/);
    expect(text).toContain("Kept for 11 days");
    expect(text).toContain("<code>signup</code></th><td>You sign up</td>");

    writeFileSync(page, "<title>Ours</title>");
    for (const flags of [
      ["--page", page],
      ["--page", join(folder, "missing.html")],
      ["--out", join(folder, "missing", "out.html")],
      ["--event", "signup"],
      ["--without", "signup"],
      ["--sample-rate", "2"],
      ["--identity", "forever"],
      ["--site", "other.example"],
    ]) {
      const { status, stderr } = run(...flags);
      expect([flags, status]).toEqual([flags, 2]);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
    rmSync(folder, { recursive: true });
  });
});
