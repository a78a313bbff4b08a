/**
 * Chromium without anybody at its controls: a debugger, which playwright attaches, turns prerendering off. The pages drive
 * themselves, and what they did is judged by what arrived.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "../../means.ts";

/** Opens a page in a browser of its own; returns what ends that browser. */
export function openPlainly(address: string): () => Promise<void> {
  if (chromium === undefined) throw new Error("chromium is not installed");
  const profile = mkdtempSync(join(tmpdir(), "passerby-chromium-"));
  const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`];
  const background = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const browser = spawn(chromium, [...flags, ...background, address], { stdio: "ignore", detached: true });
  return async () => {
    const ended = once(browser, "exit");
    // Its whole group: Debian's chromium is a shell script in front of many processes.
    if (browser.exitCode === null && browser.pid !== undefined) {
      process.kill(-browser.pid, "SIGKILL");
      await ended;
    }
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
}
