/** Holds the Vite plugin in a project of somebody else: what is built counts, what is malformed is not built, dev is proxied. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { chromium } from "../means.ts";
import { makeSiteProject, type SiteProject } from "../support/site-project.ts";
import { runViteBuild, startViteDev } from "../support/vite-command.ts";
import { type SiteBench, startSiteBench } from "./support/built-sites.ts";

const CONFIG = `import { passerby } from "passerby-tracker/vite";
import { defineConfig } from "vite";

export default defineConfig({ plugins: [passerby()] });
`;
const PAGE = `<!doctype html>
<html lang="en">
  <head><title>A site</title><link rel="icon" href="/icon.svg"></head>
  <body><script type="module" src="/src/main.js"></script></body>
</html>
`;
const ICON = '<svg xmlns="http://www.w3.org/2000/svg"/>';
const MAIN = `import { track } from "passerby-tracker";
track("opened");
`;

describe("the Vite plugin", () => {
  let project: SiteProject;
  beforeAll(async () => {
    project = await makeSiteProject(["vite"]);
    project.write({ "vite.config.js": CONFIG, "index.html": PAGE, "src/main.js": MAIN, "public/icon.svg": ICON });
  });
  afterAll(() => project?.remove());

  test.for<[Readonly<Record<string, string>>, string]>([
    [{ VITE_METRICS_SAMPLE_RATE: "25%" }, "VITE_METRICS_SAMPLE_RATE=25% is not allowed: give a number from 0 to 1"],
    [{ VITE_METRICS_SAMPLE_RATE: "1.5" }, "VITE_METRICS_SAMPLE_RATE=1.5 is not allowed: give a number from 0 to 1"],
    [
      { VITE_API_BASE_URL: "metrics.example.com" },
      "VITE_API_BASE_URL=metrics.example.com is not allowed: give an address such as https://metrics.example.com, " +
        "or a path of the site itself such as /stats",
    ],
    [
      { VITE_API_BASE_URL: "//metrics.example.com" },
      "VITE_API_BASE_URL=//metrics.example.com is not allowed: give an address such as https://metrics.example.com, " +
        "or a path of the site itself such as /stats",
    ],
    [
      { VITE_METRICS_SITE: "Example" },
      "VITE_METRICS_SITE=Example is not allowed: give the name of a site such as example.com",
    ],
  ])("fails the build for %j in one line", async ([env, line]) => {
    const { code, stderr } = await runViteBuild(project.folder, env);
    expect([code, stderr.trim().split("\n").slice(-1)]).toEqual([1, [`[passerby: ${line}]`]]);
    expect(stderr).not.toContain("    at ");
  });

  test("builds what the .env files of the mode say, and an empty value as none", async () => {
    project.write({
      ".env": "VITE_API_BASE_URL=https://elsewhere.invalid\nVITE_METRICS_SITE=\n",
      ".env.production": "VITE_API_BASE_URL=/stats\nVITE_METRICS_SAMPLE_RATE=0.25\n",
    });
    expect((await runViteBuild(project.folder)).code).toBe(0);
    project.write({ ".env": "", ".env.production": "" });
    const page = readFileSync(join(project.folder, "dist/index.html"), "utf8");
    const asset = /src="(\/assets\/[^"]+\.js)"/.exec(page)?.[1] ?? "";
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/);
    const code = readFileSync(join(project.folder, "dist", asset), "utf8");
    expect(code.replaceAll("`", '"')).toMatch(/\(\{apiBaseUrl:"\/stats",sampleRate:\.25\}\)/);
  });
});

describe.skipIf(chromium === undefined)("a site built with the Vite plugin [needs chromium]", () => {
  let bench: SiteBench;
  let project: SiteProject;
  beforeAll(async () => {
    bench = await startSiteBench();
    project = await makeSiteProject(["vite"]);
    project.write({ "vite.config.js": CONFIG, "index.html": PAGE, "src/main.js": MAIN, "public/icon.svg": ICON });
  });
  afterAll(async () => {
    await bench?.close();
    project?.remove();
  });

  test("counts under a policy that allows nothing inline", async () => {
    expect(await runViteBuild(project.folder, { VITE_API_BASE_URL: bench.collector.url })).toEqual({
      code: 0,
      stderr: "",
    });
    const { errors, expectLines } = await bench.visit(`${await bench.serve(join(project.folder, "dist"))}/`);
    await expectLines(['page_view {"path":"/"}', "opened {}"]);
    expect(errors).toEqual([]);
  });

  test("counts in dev through its own origin, which asks the collector of VITE_API_BASE_URL", async () => {
    const dev = await startViteDev(project.folder, { VITE_API_BASE_URL: bench.collector.url });
    onTestFinished(dev.stop);
    const asked: string[] = [];
    const visit = await bench.visit(`${dev.origin}/`, async (context) => {
      context.on("request", (request) => asked.push(new URL(request.url()).origin));
    });
    await visit.expectLines(['page_view {"path":"/"}', "opened {}"]);
    await visit.context.close();
    expect(new Set(asked)).toEqual(new Set([dev.origin]));
  });
});
