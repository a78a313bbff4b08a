/** Finds a browser of Chromium's kind on this machine. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { SettingSource } from "../../config.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"];

/** Returns the path of the first one in PATH, or undefined. */
export function findChromium(environment: SettingSource): string | undefined {
  const folders = (environment["PATH"] ?? "").split(":").filter((folder) => folder !== "");
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path));
}
