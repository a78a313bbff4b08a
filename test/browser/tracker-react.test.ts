/** Holds the entry for React: one tracker in StrictMode, the same page from a server, and the overlay for the few only. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { chromium } from "../means.ts";
import { makeSiteProject, type SiteProject } from "../support/site-project.ts";
import { runViteBuild, startViteDev } from "../support/vite-command.ts";
import { type SiteBench, startSiteBench } from "./support/built-sites.ts";

const APP = `import { MetricsBadge, PrivilegedOnly, useAutoBeacons } from "passerby-tracker/react";

export function App({ apiBaseUrl }) {
  const track = useAutoBeacons({ apiBaseUrl });
  return (
    <main>
      <Inner apiBaseUrl={apiBaseUrl} />
      <button onClick={() => track("signup", { plan: "team" })}>Sign up</button>
      <PrivilegedOnly><MetricsBadge className="badge" /></PrivilegedOnly>
      <PrivilegedOnly when={() => new URLSearchParams(location.search).has("staff")}><p id="staff">Staff</p></PrivilegedOnly>
      <PrivilegedOnly when={() => { throw new Error("asked too early"); }}><p id="never">Never</p></PrivilegedOnly>
    </main>
  );
}

function Inner({ apiBaseUrl }) {
  useAutoBeacons({ apiBaseUrl });
  return <h1>A site</h1>;
}
`;

const files = {
  "src/app.jsx": APP,
  "src/client.jsx": `import { StrictMode } from "react";
import { hydrateRoot } from "react-dom/client";
import { App } from "./app.jsx";
hydrateRoot(document.querySelector("#root"), <StrictMode><App apiBaseUrl={import.meta.env.VITE_API_BASE_URL} /></StrictMode>);
`,
  "src/server.jsx": `import { StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { App } from "./app.jsx";
console.log(renderToString(<StrictMode><App apiBaseUrl="https://metrics.example.com" /></StrictMode>));
`,
  "public/404.html": "<!doctype html><title>Nothing here</title>",
  "public/icon.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
  "vite.config.js": `import { passerby } from "passerby-tracker/vite";
export default { plugins: [passerby({ inject: false })] };
`,
  "server.config.js": `export default { build: { ssr: "src/server.jsx", outDir: "server" } };
`,
};

/** The page with what a server has rendered. */
function writePage(rendered: string): string {
  return `<!doctype html><html lang="en"><head><title>A site</title><link rel="icon" href="/icon.svg"></head>
<body><div id="root">${rendered}</div><script type="module" src="/src/client.jsx"></script></body></html>`;
}

describe.skipIf(chromium === undefined)("the entry for React [needs chromium]", () => {
  let bench: SiteBench;
  let project: SiteProject;
  let rendered: string;
  let origin: string;
  beforeAll(async () => {
    bench = await startSiteBench();
    project = await makeSiteProject(["vite", "react", "react-dom"]);
    project.write(files);
    expect(await runViteBuild(project.folder, {}, ["--config", "server.config.js"])).toEqual({ code: 0, stderr: "" });
    const server = join(project.folder, "server/server.js");
    rendered = execFileSync(process.execPath, [server], { encoding: "utf8" }).trim();
    writeFileSync(join(project.folder, "index.html"), writePage(rendered));
    expect((await runViteBuild(project.folder, { VITE_API_BASE_URL: bench.collector.url })).code).toBe(0);
    origin = await bench.serve(join(project.folder, "dist"));
  });
  afterAll(async () => {
    await bench?.close();
    project?.remove();
  });

  test("renders on a server what everybody sees, and starts nothing there", () => {
    expect(rendered).toBe("<main><h1>A site</h1><button>Sign up</button></main>");
  });

  test("starts one tracker under StrictMode in dev, where effects run twice", async () => {
    const dev = await startViteDev(project.folder, { VITE_API_BASE_URL: bench.collector.url });
    onTestFinished(dev.stop);
    const asked: string[] = [];
    const { page, context, errors, expectLines } = await bench.visit(`${dev.origin}/`, async (visitor) => {
      visitor.on("request", (request) => asked.push(new URL(request.url()).origin));
    });
    await expectLines(['page_view {"path":"/"}']);
    await page.click("button");
    await page.goto("about:blank");
    await expectLines(['page_view {"path":"/"}', 'signup {"plan":"team"}']);
    expect(errors).toEqual([]);
    // Although the site's own code gives the address: in dev the plugin makes it the page's own origin.
    expect(new Set(asked)).toEqual(new Set([dev.origin]));
    await context.close();
  });

  test("takes over the server's page without a complaint, and loads nothing of the overlay", async () => {
    const asked: string[] = [];
    const { page, errors, expectLines } = await bench.visit(`${origin}/`, async (context) => {
      context.on("request", (request) => asked.push(request.url()));
    });
    await page.click("button");
    expect(await page.locator("main").innerHTML()).toBe("<h1>A site</h1><button>Sign up</button>");
    await page.goto("about:blank");
    await expectLines(['page_view {"path":"/"}', 'signup {"plan":"team"}']);
    expect(errors).toEqual([]);
    expect(asked.filter((url) => url.includes("overlay"))).toEqual([]);
    expect(readFileSync(join(project.folder, "dist/index.html"), "utf8")).not.toContain("overlay");
  });

  test("shows the badge in dev mode, also when another tab turns it on, and hides it again", async () => {
    const { page, context, errors } = await bench.visit(`${origin}/`);
    const badge = page.locator("passerby-badge.badge");
    expect(await badge.count()).toBe(0);
    const other = await context.newPage();
    await other.goto(`${origin}/icon.svg`);
    await other.evaluate(() => localStorage.setItem("passerby-dev", "1"));
    await badge.waitFor({ state: "attached" });
    await page.waitForFunction(() => customElements.get("passerby-badge") !== undefined);
    await page.reload();
    await badge.waitFor({ state: "attached" });
    await other.evaluate(() => localStorage.removeItem("passerby-dev"));
    await badge.waitFor({ state: "detached" });
    expect(errors).toEqual([]);
  });

  test("shows to those for whom the site's own rule is true, and to nobody when the rule throws", async () => {
    const { page, errors } = await bench.visit(`${origin}/?staff`);
    await page.locator("#staff").waitFor();
    expect(await page.locator("#never").count()).toBe(0);
    expect(errors).toEqual([]);
  });

  test("shows nothing more where the browser's storage is blocked", async () => {
    const { page, errors } = await bench.visit(`${origin}/?staff`, (context) =>
      context.addInitScript(() => {
        const refuse = (): never => {
          throw new DOMException("blocked", "SecurityError");
        };
        Object.defineProperty(window, "localStorage", { get: refuse });
      }),
    );
    await page.locator("#staff").waitFor();
    expect(await page.locator("passerby-badge").count()).toBe(0);
    expect(errors).toEqual([]);
  });
});
