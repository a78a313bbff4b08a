/** Folders inside the repository in which a collector keeps its data, by all that was given; seen from its root. */
import { isAbsolute, join, relative, resolve } from "node:path";
import type { ComposeProject } from "../deployment/compose-project.ts";
import { InputUnreadable } from "../input-errors.ts";
import type { Given, Inputs } from "../inputs.ts";

/** Where `passerby start` keeps it when nobody says otherwise. */
const DEFAULT_FOLDER = "data";

/** Returns them, `data` among them in any case. */
export async function dataFoldersOf(given: Given): Promise<readonly string[]> {
  const { path, root } = await given.need("repo");
  const compose = await mayRead(given, "compose");
  const settings = await mayRead(given, "settings");
  const dataDir = settings?.values.get("METRICS_DATA_DIR");
  const mounted = compose === undefined ? [] : bindMountsAt(compose, dataDir ?? "/data");
  const own = compose === undefined && dataDir !== undefined ? [resolve(path, dataDir)] : [];
  const named = given.options.dataDir === undefined ? [] : [resolve(given.options.dataDir)];
  const folders = [join(path, DEFAULT_FOLDER), ...mounted, ...own, ...named];
  return [...new Set(folders.flatMap((folder) => insideOf(root, folder) ?? []))];
}

/** One that cannot be read is told by a check of its own, and is no reason to leave the repository alone. */
export async function mayRead<Name extends "compose" | "settings">(
  given: Given,
  name: Name,
): Promise<Inputs[Name] | undefined> {
  try {
    return await given.may(name);
  } catch (error) {
    if (error instanceof InputUnreadable) return undefined;
    throw error;
  }
}

/** The path as seen from the root, or undefined where it is outside or the root itself. */
export function insideOf(root: string, path: string): string | undefined {
  const inner = relative(root, path);
  return inner === "" || inner.startsWith("..") || isAbsolute(inner) ? undefined : inner;
}

function bindMountsAt(compose: ComposeProject, target: string): readonly string[] {
  const volumes = compose.services.flatMap((service) => {
    const listed = compose.valueAt(["services", service, "volumes"]);
    return Array.isArray(listed) ? listed : [];
  });
  return volumes.flatMap((volume: unknown) => {
    const [source, at] = partsOf(volume);
    const isFolder = source !== undefined && /^[./~]/.test(source) && at === target;
    return isFolder ? [resolve(join(compose.path, ".."), source)] : [];
  });
}

function partsOf(volume: unknown): readonly (string | undefined)[] {
  if (typeof volume === "string") return volume.split(":");
  if (typeof volume !== "object" || volume === null || !("source" in volume) || !("target" in volume)) return [];
  return [String(volume.source), String(volume.target)];
}
