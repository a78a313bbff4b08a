/** Holds that the npm package works in a project of somebody else, built with Vite and told only by its variables. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { BUILT_TRACKER } from "../support/built-tracker.ts";
import { type Bench, expectEvents, startBench } from "./support/tracking.ts";

/** Stands for the collector until the test knows its address. */
const COLLECTOR = "https://collector.invalid";

const MAIN = `import { start, track } from "passerby-tracker";
track("before_the_start", { early: true });
start();
start({ apiBaseUrl: "https://elsewhere.invalid" });
track("after_the_start");`;

const MAIN_WITH_IDENTITY = `import { start, track } from "passerby-tracker";
import { consent, identify } from "passerby-tracker/identity";
consent(true);
identify({ mode: "persistent" });
identify({ mode: "session" });
start();
consent(true);
track("after_consent");`;

/** Builds a project with the package in its node_modules; returns its only script. */
async function buildProject(folder: string, main = MAIN): Promise<string> {
  mkdirSync(join(folder, "project/node_modules"), { recursive: true });
  symlinkSync(BUILT_TRACKER, join(folder, "project/node_modules/passerby-tracker"));
  writeFileSync(
    join(folder, "project/.env"),
    `VITE_API_BASE_URL=${COLLECTOR}\nVITE_METRICS_SAMPLE_RATE=1.0\nVITE_METRICS_SITE=example.com\n`,
  );
  writeFileSync(join(folder, "project/main.js"), main);
  const built = await build({
    root: join(folder, "project"),
    configFile: false,
    logLevel: "error",
    build: { write: false, rolldownOptions: { input: join(folder, "project/main.js") } },
  });
  const [first] = Array.isArray(built) ? built : [built];
  const chunk = first && "output" in first ? first.output[0] : undefined;
  if (!chunk) throw new Error("the build has no output");
  return chunk.code;
}

describe.skipIf(chromium === undefined)("the npm package [needs chromium]", () => {
  let bench: Bench;
  let folder: string;
  let code: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "passerby-npm-"));
    code = await buildProject(folder);
    bench = await startBench();
  });
  afterAll(async () => {
    await bench?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("counts for the collector of VITE_API_BASE_URL, from before its start, and starts once", async () => {
    const starter = (apiUrl: string): string => `<script type="module">${code.replaceAll(COLLECTOR, apiUrl)}</script>`;
    const visitor = await bench.newVisitor({ pages: { starter } });
    await expectEvents(visitor, {
      action: ({ page, at }) => page.goto(at("/page")),
      expected: ['page_view {"path":"/page"}', 'before_the_start {"early":true}', "after_the_start {}"],
      refuted: [],
    });
    const sent = visitor.edge.posts().flatMap(({ events }) => events.map(({ site }) => site));
    expect([...new Set(sent)], "the site of VITE_METRICS_SITE").toEqual(["example.com"]);
  });

  test("counts nobody when VITE_METRICS_SAMPLE_RATE is 0", async () => {
    const none = code.replace(/(VITE_METRICS_SAMPLE_RATE:.)1\.0/, "$10");
    expect(none).not.toBe(code);
    const starter = (apiUrl: string): string => `<script type="module">${none.replaceAll(COLLECTOR, apiUrl)}</script>`;
    const silent = await bench.newVisitor({ pages: { starter } });
    await silent.page.goto(silent.at("/page"));
    await expect.poll(() => silent.edge.configRequests().length).toBe(1);
    await silent.page.goto("about:blank");
    const witness = await bench.newVisitor();
    await witness.page.goto(witness.at("/page"));
    await witness.leave();
    expect(silent.edge.posts()).toEqual([]);
  });

  test("has identity as an entry, by its first mode, and shares the page's tracker with it", async () => {
    const identifying = await buildProject(join(folder, "identity"), MAIN_WITH_IDENTITY);
    const starter = (apiUrl: string): string =>
      `<script type="module">${identifying.replaceAll(COLLECTOR, apiUrl)}</script>`;
    const visitor = await bench.newVisitor({ pages: { starter } });
    await visitor.page.goto(visitor.at("/page"));
    const kept = visitor.page.evaluate(() => [localStorage.getItem("passerby-visitor"), sessionStorage.length]);
    const [text, inSession] = await kept;
    const lines = await visitor.leave();
    expect(lines.map(({ event }) => event)).toEqual(["page_view", "after_consent"]);
    expect([...new Set(lines.map(({ visitor_id }) => visitor_id))]).toEqual([String(text).split(" ")[0]]);
    expect(inSession).toBe(0);
  });
});
