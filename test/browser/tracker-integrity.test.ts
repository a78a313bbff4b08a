/** Holds that the tags of `passerby snippet` count on strict pages, and that a pinned one runs nothing but what it pins. */
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromium } from "../means.ts";
import { runCommand } from "../support/command.ts";
import { type SiteBench, startSiteBench } from "./support/built-sites.ts";
import { listen } from "./support/listener.ts";

type Snippet = { readonly integrity: string; readonly plain: string; readonly pinned: string };

describe.skipIf(chromium === undefined)("a tag of passerby snippet [needs chromium]", () => {
  let bench: SiteBench;
  let snippet: Snippet;
  let server: Server;
  beforeAll(async () => {
    bench = await startSiteBench();
    const { stdout } = await runCommand(["snippet", "--url", bench.collector.url, "--json"]);
    [snippet] = JSON.parse(stdout);
  });
  afterAll(async () => {
    await bench?.close();
    server?.close();
  });

  /** Serves a page that lets in only what says that it may be used by others (Cross-Origin-Embedder-Policy). */
  async function servePage(tag: string): Promise<string> {
    server?.close();
    server = createServer((_request, response) => {
      response.writeHead(200, {
        "content-type": "text/html",
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-opener-policy": "same-origin",
        "content-security-policy": `default-src 'none'; script-src ${bench.collector.url}; connect-src ${bench.collector.url}`,
      });
      response.end(`<!doctype html><title>Strict</title>${tag}`);
    });
    return `${await listen(server, "localhost")}/`;
  }

  test.for(["plain", "pinned"] as const)("counts on a page that is isolated from other origins, %s", async (kind) => {
    const { page, errors, expectLines } = await bench.visit(await servePage(snippet[kind]));
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await expectLines(['page_view {"path":"/"}']);
    expect(errors).toEqual([]);
  });

  test("runs nothing when the script is another than the one pinned", async () => {
    const wrong = snippet.integrity.replace(/.{8}$/, "AAAAAAAA");
    const { page, errors } = await bench.visit(await servePage(snippet.pinned.replace(snippet.integrity, wrong)));
    expect(await page.evaluate(() => typeof window.passerby)).toBe("undefined");
    expect(errors).toEqual([expect.stringMatching(/digest/)]);
  });
});
