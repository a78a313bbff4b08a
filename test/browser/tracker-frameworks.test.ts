/** The recipes of docs/guide/frameworks.md, built as they stand there by the real Vite and opened in Chromium. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { chromium } from "../means.ts";
import { readGuideFiles } from "../support/guide-code.ts";
import { makeSiteProject } from "../support/site-project.ts";
import { runViteBuild } from "../support/vite-command.ts";
import { type SiteBench, startSiteBench } from "./support/built-sites.ts";

const RECIPES = [
  ["React", ["react", "react-dom"]],
  ["Vue", ["vue", "@vitejs/plugin-vue"]],
  ["Svelte", ["svelte", "@sveltejs/vite-plugin-svelte"]],
] as const;

/** What every host has, and what keeps the browser from asking for more. */
const HOST_FILES = { "public/404.html": "<!doctype html><title>Nothing here</title>", "public/favicon.ico": "" };

/** A build and a browser, on a machine that has other things to do. */
const TIMEOUT_MS = 60_000;

describe.skipIf(chromium === undefined)("the guide's recipe for [needs chromium]", () => {
  let bench: SiteBench;
  beforeAll(async () => {
    bench = await startSiteBench();
  });
  afterAll(() => bench?.close());

  test.for(RECIPES)(
    "%s builds, and counts views and events under a strict policy",
    { timeout: TIMEOUT_MS },
    async ([name, packages]) => {
      const files = readGuideFiles("frameworks.md", name);
      expect(Object.keys(files)).toEqual(expect.arrayContaining(["vite.config.ts", "index.html"]));
      const project = await makeSiteProject(["vite", ...packages]);
      onTestFinished(project.remove);
      project.write({ ...files, ...HOST_FILES });
      const env = { VITE_API_BASE_URL: bench.collector.url };
      expect(await runViteBuild(project.folder, env)).toEqual({ code: 0, stderr: "" });
      const { page, context, errors, expectLines } = await bench.visit(
        `${await bench.serve(join(project.folder, "dist"))}/`,
      );
      await page.click("button");
      await page.evaluate(() => history.pushState(null, "", "/plans"));
      await page.goto("about:blank");
      await expectLines(['page_view {"path":"/"}', 'signup {"plan":"team"}', 'page_view {"path":"/plans"}']);
      expect(errors).toEqual([]);
      await context.close();
    },
  );
});
