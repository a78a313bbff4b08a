/** Builds the tracker into `dist/tracker`: the script for a tag, and the npm package with its types and its README. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type BuildOptions, build } from "esbuild";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const SOURCE = join(ROOT, "src/tracker");

/**
 * Names of the handles that parts of the tracker give each other. They never leave the bundle, so esbuild may shorten
 * them, which takes 25 bytes off the script that every visitor loads. All must be names that no browser object has.
 */
const INTERNAL_NAMES = /^(queueEvent|sendNow|current|refresh|isOutdated|noticeTag)$/;

/** The parts of the declarations that a user of the package sees. */
const PUBLIC_TYPES = ["index", "options"];

const SHARED: BuildOptions = {
  bundle: true,
  // AbortSignal, ??= and the like: browsers of 2021 and later.
  target: "es2021",
  charset: "utf8",
  mangleProps: INTERNAL_NAMES,
  logLevel: "warning",
};

/** Sizes of `passerby.js` in bytes, as in `sizes.json`: as it is, with gzip -9 and with brotli -11. */
export type ScriptSizes = { readonly bytes: number; readonly gzip: number; readonly brotli: number };

/** Builds everything anew. The folder is empty meanwhile. */
export async function buildTracker(outDir: string = join(ROOT, "dist/tracker")): Promise<void> {
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
  await build({
    ...SHARED,
    entryPoints: [join(SOURCE, "script.ts")],
    outfile: join(outDir, "passerby.js"),
    format: "iife",
    minify: true,
  });
  await build({
    ...SHARED,
    entryPoints: [join(SOURCE, "index.ts")],
    outfile: join(outDir, "index.js"),
    format: "esm",
  });
  writeTypes(outDir);
  writeFileSync(join(outDir, "sizes.json"), `${JSON.stringify(measureScript(outDir), null, 2)}\n`);
  writeFileSync(join(outDir, "package.json"), `${JSON.stringify(describePackage(), null, 2)}\n`);
  cpSync(join(SOURCE, "README.md"), join(outDir, "README.md"));
  cpSync(join(ROOT, "LICENSE"), join(outDir, "LICENSE"));
}

function measureScript(outDir: string): ScriptSizes {
  const script = readFileSync(join(outDir, "passerby.js"));
  return {
    bytes: script.length,
    gzip: gzipSync(script, { level: 9 }).length,
    brotli: brotliCompressSync(script).length,
  };
}

function writeTypes(outDir: string): void {
  const all = join(outDir, "all-types");
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", join(SOURCE, "tsconfig.types.json"), "--outDir", all], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  for (const name of PUBLIC_TYPES) {
    const types = readFileSync(join(all, "tracker", `${name}.d.ts`), "utf8");
    writeFileSync(join(outDir, `${name}.d.ts`), types.replaceAll('.ts";', '.js";'));
  }
  rmSync(all, { recursive: true });
}

function describePackage(): Record<string, unknown> {
  const { version, license }: { version: string; license: string } = JSON.parse(
    readFileSync(join(ROOT, "package.json"), "utf8"),
  );
  return {
    name: "passerby-tracker",
    version,
    description: "Counts page views and your own events for a Passerby collector, without cookies or stored ids.",
    license,
    type: "module",
    sideEffects: false,
    exports: {
      ".": { types: "./index.d.ts", default: "./index.js" },
      "./passerby.js": "./passerby.js",
    },
    types: "./index.d.ts",
    unpkg: "./passerby.js",
    files: ["*.js", "*.d.ts"],
  };
}

if (import.meta.main) await buildTracker();
