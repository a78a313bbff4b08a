/** Holds that a tag with a path of the site itself counts, and asks nobody but the site: through real proxies. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { caddy, chromium, nginx } from "../means.ts";
import { startCaddy, startNginx, startVite } from "../support/proxies.ts";
import { type SiteBench, startSiteBench } from "./support/built-sites.ts";

const PROXIES = [
  ["nginx [needs nginx]", nginx !== undefined, startNginx],
  ["Caddy [needs caddy]", caddy !== undefined, startCaddy],
  ["Vite in dev", true, startVite],
] as const;

describe.skipIf(chromium === undefined)("the tracker behind the site's own path [needs chromium]", () => {
  let bench: SiteBench;
  beforeAll(async () => {
    bench = await startSiteBench({ TRUSTED_PROXIES: "127.0.0.1" });
  });
  afterAll(() => bench?.close());

  for (const [name, isThere, start] of PROXIES) {
    test.skipIf(!isThere)(`counts and asks the site only, with ${name}`, async () => {
      const site = await start(bench.collector.url);
      onTestFinished(site.close);
      const asked: string[] = [];
      const { context, errors, page, expectLines } = await bench.visit(`${site.origin}/`, async (visitor) => {
        visitor.on("request", (request) => asked.push(request.url()));
      });
      await page.evaluate(() => window.passerby?.track("signup"));
      await page.evaluate(() => history.pushState(null, "", "/deep/down/page"));
      await page.goto("about:blank");
      await expectLines(['page_view {"path":"/"}', "signup {}", 'page_view {"path":"/deep/down/page"}']);
      await context.close();
      expect(asked.filter((url) => !url.startsWith(`${site.origin}/`) && url !== "about:blank")).toEqual([]);
      expect(asked).toContain(`${site.origin}/stats/api/metrics/config`);
      expect(errors).toEqual([]);
    });
  }
});
