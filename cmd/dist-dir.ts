/** Where the build is, for commands that need its files. */
import { fileURLToPath } from "node:url";

/** Returns the build's folder, seen from the source and from the bundle in `dist/server`. */
export function distDir(): string {
  return fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "../dist" : "../", import.meta.url));
}
