/**
 * Pages that carry the tracker, served at an origin of their own, so that what the tracker sends is really cross-origin.
 * Each test has a folder, `/1/`, `/2/`, …, in which every path is a page.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { listen } from "./listener.ts";

/** What the pages of a folder hold. */
export type PageSettings = {
  /** Where the script tag tells the tracker to send. */
  readonly apiUrl: string;
  /** More attributes of the script tag. */
  readonly attributes?: string;
  /** HTML that starts the tracker in another way than by its script tag. */
  readonly starter?: (apiUrl: string) => string;
  /** HTML of the page's head, before the tracker. */
  readonly head?: string;
  readonly body?: string;
};

export type TrackedPages = {
  readonly origin: string;
  /** Makes a folder of pages; returns its address, without a slash at the end. */
  readonly addFolder: (settings: PageSettings) => string;
  readonly close: () => Promise<void>;
};

/** Serves pages with the tracker that was built into `trackerDir`. */
export async function serveTrackedPages(trackerDir: string): Promise<TrackedPages> {
  const folders: PageSettings[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (/^\/passerby(-[a-z]+)?\.js$/.test(pathname)) {
      response.setHeader("content-type", "text/javascript");
      response.end(readFileSync(join(trackerDir, pathname)));
      return;
    }
    const settings = folders[Number(pathname.split("/")[1]) - 1];
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(settings ? writePage(pathname, settings) : "<!doctype html><title>Elsewhere</title>");
  });
  const origin = await listen(server, "localhost");
  return {
    origin,
    addFolder: (settings) => `${origin}/${folders.push(settings)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function writePage(path: string, { apiUrl, attributes = "", starter, head = "", body = "" }: PageSettings): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>Page ${path.split("/").at(-1)}</title>
${head}
${starter ? starter(apiUrl) : `<script defer src="/passerby.js" data-api="${apiUrl}" ${attributes}></script>`}
</head>
<body>${body}</body>
</html>`;
}
