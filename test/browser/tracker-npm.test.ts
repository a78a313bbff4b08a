/** Holds that the npm package works in a project of somebody else, built with Vite and told only by its variables. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildTracker } from "../../scripts/build-tracker.ts";
import { chromium } from "../means.ts";
import { type Bench, expectEvents, startBench } from "./support/tracking.ts";

/** Stands for the collector until the test knows its address. */
const COLLECTOR = "https://collector.invalid";

const MAIN = `import { start, track } from "passerby-tracker";
track("before_the_start", { early: true });
start();
start({ apiBaseUrl: "https://elsewhere.invalid" });
track("after_the_start");`;

/** Builds a project with the package in its node_modules; returns its only script. */
async function buildProject(folder: string): Promise<string> {
  await buildTracker(join(folder, "package"));
  mkdirSync(join(folder, "project/node_modules"), { recursive: true });
  symlinkSync(join(folder, "package"), join(folder, "project/node_modules/passerby-tracker"));
  writeFileSync(join(folder, "project/.env"), `VITE_API_BASE_URL=${COLLECTOR}\nVITE_METRICS_SAMPLE_RATE=1.0\n`);
  writeFileSync(join(folder, "project/main.js"), MAIN);
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
    await expectEvents(await bench.newVisitor({ pages: { starter } }), {
      action: ({ page, at }) => page.goto(at("/page")),
      expected: ['page_view {"path":"/page"}', 'before_the_start {"early":true}', "after_the_start {}"],
      refuted: [],
    });
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
});
