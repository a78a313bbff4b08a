/** Real proxies in front of a collector, each with its recipe of docs/guide/first-party.md as it stands there. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { caddy, nginx } from "../means.ts";
import { canConnect, findFreePort } from "./free-port.ts";
import { readGuideCode } from "./guide-code.ts";
import { makeSiteProject } from "./site-project.ts";
import { startViteDev } from "./vite-command.ts";

/** The page of the guide. */
export const RECIPES = "first-party.md";
const RECIPE_COLLECTOR = /127\.0\.0\.1:8001/;
const RETRY_MS = 20;

/** A site that passes `/stats/` on to the collector, and has a page with the guide's tag at `/`. */
export type ProxiedSite = { readonly origin: string; readonly close: () => Promise<void> };

/** Writes the page, whose tag is the guide's. */
export function writePage(): string {
  const text = readGuideCode(RECIPES, "Tag", "html");
  return `<!doctype html><link rel="icon" href="data:,"><title>A site</title>${text}`;
}

/** Runs nginx. */
export async function startNginx(collectorUrl: string): Promise<ProxiedSite> {
  const recipe = adapt(readGuideCode(RECIPES, "nginx", "nginx"), collectorUrl);
  return startProgram((folder, port) => {
    const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    const temporary = places.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ");
    writeFileSync(
      join(folder, "nginx.conf"),
      `daemon off; pid ${folder}/pid; error_log stderr crit; events {}
http {
  access_log off; default_type text/html; ${temporary}
  server { listen 127.0.0.1:${port}; root ${folder}/pages; ${recipe} }
}`,
    );
    return [nginx ?? "nginx", "-c", join(folder, "nginx.conf"), "-p", folder, "-e", "stderr"];
  });
}

/** Runs Caddy. */
export async function startCaddy(collectorUrl: string): Promise<ProxiedSite> {
  const recipe = adapt(readGuideCode(RECIPES, "Caddy", "caddy"), collectorUrl);
  return startProgram((folder, port) => {
    const site = `http://127.0.0.1:${port}, http://localhost:${port}`;
    writeFileSync(
      join(folder, "Caddyfile"),
      `{\nadmin off\nauto_https off\n}\n${site} {\nbind 127.0.0.1\nroot * ${folder}/pages\nfile_server\n${recipe}}\n`,
    );
    return [caddy ?? "caddy", "run", "--config", join(folder, "Caddyfile"), "--adapter", "caddyfile"];
  });
}

/** Runs Vite's dev server. */
export async function startVite(collectorUrl: string): Promise<ProxiedSite> {
  const project = await makeSiteProject(["vite"]);
  project.write({
    "vite.config.ts": adapt(readGuideCode(RECIPES, "Vite, in dev", "ts"), collectorUrl),
    "index.html": writePage(),
  });
  const dev = await startViteDev(project.folder, {}, "127.0.0.1");
  return {
    origin: dev.origin,
    close: async () => {
      await dev.stop();
      project.remove();
    },
  };
}

function adapt(recipe: string, collectorUrl: string): string {
  if (!RECIPE_COLLECTOR.test(recipe)) throw new Error("the recipe names another collector");
  return recipe.replace(RECIPE_COLLECTOR, new URL(collectorUrl).host);
}

/** Runs a program that cannot be given the port 0, and waits until it lets connections in. */
async function startProgram(configure: (folder: string, port: number) => readonly string[]): Promise<ProxiedSite> {
  const folder = mkdtempSync(join(tmpdir(), "passerby-proxy-"));
  mkdirSync(join(folder, "pages"));
  writeFileSync(join(folder, "pages/index.html"), writePage());
  // A proxy that is started as root serves as somebody else, and a collector in this process has set a strict umask.
  for (const path of [".", "pages", "pages/index.html"]) chmodSync(join(folder, path), 0o755);
  const port = await findFreePort();
  const [program = "", ...args] = configure(folder, port);
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, HOME: folder } });
  let told = "";
  child.stderr.on("data", (chunk: Buffer) => (told += chunk.toString()));
  while (!(await canConnect(port))) {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${told}`);
    await delay(RETRY_MS);
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      const ended = once(child, "close");
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
