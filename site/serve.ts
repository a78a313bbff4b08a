/**
 * Serves the built demo site as a small host would: static files under a strict content security policy. Where the
 * collector is, is not built in but written into each page as it is served, because `npm start` finds its port only then; so
 * is what the privacy page has to say of the collector's settings.
 */
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { readSettings } from "../src/config.ts";
import { fillPage, NOTICE_PLACE } from "../src/notice/notice-page.ts";
import { writeNotice } from "../src/notice/write-notice.ts";
import type { Settings } from "../src/settings-shape.ts";
import { demoFacts } from "./demo-facts.ts";

const DIST = fileURLToPath(new URL("../dist/site/", import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
};

export type DemoSiteOptions = {
  /** 0 picks a free port. */
  readonly port: number;
  /** Where the collector is, such as `http://127.0.0.1:8001`. */
  readonly apiBaseUrl: string;
  /** What the collector runs with, which the privacy page tells. Default: what it runs with where nothing is set. */
  readonly settings?: Settings;
  /** Folder of the built site. Default: `dist/site`. */
  readonly distDir?: string;
};

export type DemoSite = { readonly url: string; readonly close: () => Promise<void> };

/** Serves the site on localhost. Rejects with the system's error when the port is taken. */
export async function serveDemoSite({
  port,
  apiBaseUrl,
  settings = readSettings(),
  distDir = DIST,
}: DemoSiteOptions): Promise<DemoSite> {
  const notice = writeNotice(demoFacts(settings));
  const server = createServer((request, response) => {
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (!isRead) {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return;
    }
    const file = findFile(distDir, request.url ?? "/");
    sendFile(response, file ?? join(distDir, "404.html"), { status: file ? 200 : 404, apiBaseUrl, notice });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "localhost", resolve);
  });
  const address = server.address();
  const boundPort = address !== null && typeof address === "object" ? address.port : port;
  return {
    url: `http://localhost:${boundPort}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Finds the file of an address; a folder's is its index.html. Nothing outside the folder is ever found. */
function findFile(distDir: string, address: string): string | undefined {
  const [path = "/"] = address.split(/[?#]/);
  let name: string;
  try {
    // An absolute path cannot be normalised to something above its root.
    name = normalize(`/${decodeURIComponent(path)}`);
  } catch {
    return undefined;
  }
  if (name.includes("\0")) return undefined;
  const file = join(distDir, name.endsWith("/") ? `${name}index.html` : name);
  return existsSync(file) && statSync(file).isFile() ? file : undefined;
}

type Sending = { readonly status: number; readonly apiBaseUrl: string; readonly notice: string };

function sendFile(response: ServerResponse, file: string, { status, apiBaseUrl, notice }: Sending): void {
  const extension = extname(file);
  response.writeHead(status, {
    "content-type": TYPES[extension] ?? "application/octet-stream",
    "cache-control": file.includes("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
    "content-security-policy": [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      `connect-src ${apiBaseUrl}`,
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
  });
  if (extension !== ".html") {
    createReadStream(file).pipe(response);
    return;
  }
  const meta = `<meta name="passerby-api" content="${new URL(apiBaseUrl).origin}">`;
  const page = readFileSync(file, "utf8").replace("</head>", `${meta}\n</head>`);
  response.end(page.includes(NOTICE_PLACE) ? fillPage(page, notice) : page);
}
