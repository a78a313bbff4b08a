/** Builds the tracker into `dist/tracker`: the script for a tag, and the npm package with its types and its README. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type BuildOptions, build } from "esbuild";
import { minify } from "terser";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const SOURCES = join(ROOT, "src");
const SOURCE = join(SOURCES, "tracker");

/**
 * Names of the handles that parts of the tracker give each other. They never leave the bundle, so esbuild may shorten
 * them, which takes 25 bytes off the script that every visitor loads. All must be names that no browser object has.
 */
const INTERNAL_NAMES =
  /^(queueEvent|leave|answer|believedUntil|refresh|noticeTag|waiting|givenUp|isOut|tell|config|readPath)$/;

/** Scripts that hold the core, and so those names. */
const CORE_SCRIPTS = /^passerby(-full)?\.js$/;

type Entry = {
  /** Name in the package: `passerby-tracker` for an empty one, else `passerby-tracker/<name>`. */
  readonly name: string;
  /** The module of the package, from `src/`. */
  readonly module: string;
  /** The script for a tag, from `src/`, and the name of its file; undefined where there is none. */
  readonly script?: { readonly source: string; readonly file: string };
};

/** What the package has. The core comes first; everything else is loaded beside it by those who want it. */
const ENTRIES: readonly Entry[] = [
  { name: "", module: "tracker/index.ts", script: { source: "tracker/script.ts", file: "passerby.js" } },
  ...["outbox", "identity", "auto", "vitals", "errors"].map((name) => besideCore(name, `tracker/${name}`, "")),
  besideCore("dev", "overlay/dev", "dev"),
  besideCore("overlay", "overlay", "overlay"),
  { name: "react", module: "overlay/react/index.ts" },
  { name: "vite", module: "tracker/vite/index.ts" },
];

/** An entry with a script of its own; `stem` names its files where they are not `index.ts` and `script.ts`. */
function besideCore(name: string, folder: string, stem: string): Entry {
  const [module, source] = stem === "" ? ["index", "script"] : [stem, `${stem}-script`];
  return {
    name,
    module: `${folder}/${module}.ts`,
    script: { source: `${folder}/${source}.ts`, file: `passerby-${name}.js` },
  };
}

/** All scripts for a tag. The last is the core and its outbox in one, which is what most sites want. */
const SCRIPTS: readonly NonNullable<Entry["script"]>[] = [
  ...ENTRIES.flatMap(({ script }) => script ?? []),
  { source: "tracker/full/script.ts", file: "passerby-full.js" },
];

/** What a site that uses an entry has already; everything else is in the package itself. */
const PEERS = { react: ">=18", vite: ">=6" };

const SHARED: BuildOptions = {
  bundle: true,
  // AbortSignal, ??= and the like: browsers of 2021 and later.
  target: "es2021",
  charset: "utf8",
  logLevel: "warning",
};

/** Sizes of a script in bytes: as it is, with gzip -9 and with brotli -11. */
export type ScriptSizes = { readonly bytes: number; readonly gzip: number; readonly brotli: number };

/** `sizes.json`: the sizes of each script, by the name of its file. */
export type AllSizes = Readonly<Record<string, ScriptSizes>>;

/** `integrity.json`: what a tag's `integrity` attribute says of each script, by the name of its file. */
export type AllHashes = Readonly<Record<string, string>>;

/** Builds everything anew. The folder is empty meanwhile. */
export async function buildTracker(outDir: string = join(ROOT, "dist/tracker")): Promise<void> {
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
  for (const script of SCRIPTS) await buildScript(script, outDir);
  // Together, so that what the modules have in common is in the package once.
  await build({
    ...SHARED,
    entryPoints: Object.fromEntries(ENTRIES.map((entry) => [outputName(entry), join(SOURCES, entry.module)])),
    outdir: outDir,
    format: "esm",
    splitting: true,
    external: [...Object.keys(PEERS), "passerby-tracker", "node:*"],
    chunkNames: "shared-[hash]",
    sourcemap: "linked",
  });
  writeTypes(outDir);
  describeScripts(outDir);
  writeJson(join(outDir, "package.json"), describePackage());
  cpSync(join(SOURCE, "README.md"), join(outDir, "README.md"));
  cpSync(join(ROOT, "LICENSE"), join(outDir, "LICENSE"));
  cpSync(join(ROOT, "node_modules/web-vitals/LICENSE"), join(outDir, "LICENSE-web-vitals"));
}

function outputName({ name }: Entry): string {
  return name === "" ? "index" : name;
}

/** Bundles a script, and has it minified by a second tool, which takes another 5 % off (docs/dependencies.md). */
async function buildScript({ source, file }: NonNullable<Entry["script"]>, outDir: string): Promise<void> {
  const outfile = join(outDir, file);
  const { outputFiles } = await build({
    ...SHARED,
    ...(file.match(CORE_SCRIPTS) && { mangleProps: INTERNAL_NAMES }),
    entryPoints: [join(SOURCES, source)],
    outfile,
    format: "iife",
    minify: true,
    sourcemap: "external",
    write: false,
  });
  const [map = "", bundled = ""] = outputFiles.map(({ text }) => text);
  const { code = "", map: finalMap = "" } = await minify(bundled, {
    ecma: 2021,
    compress: { ecma: 2021, passes: 3, toplevel: true, unsafe_arrows: true, hoist_funs: true },
    mangle: { toplevel: true },
    sourceMap: { content: map, filename: file },
  });
  writeFileSync(outfile, code);
  writeFileSync(`${outfile}.map`, String(finalMap));
}

/** Writes beside each script what a server sends in its place, and for all of them `sizes.json` and `integrity.json`. */
function describeScripts(outDir: string): void {
  const sizes: Record<string, ScriptSizes> = {};
  const hashes: Record<string, string> = {};
  for (const { file } of SCRIPTS) {
    const path = join(outDir, file);
    const bytes = readFileSync(path);
    const [gzip, brotli] = [gzipSync(bytes, { level: 9 }), brotliCompressSync(bytes)];
    writeFileSync(`${path}.gz`, gzip);
    writeFileSync(`${path}.br`, brotli);
    sizes[file] = { bytes: bytes.length, gzip: gzip.length, brotli: brotli.length };
    hashes[file] = `sha384-${createHash("sha384").update(bytes).digest("base64")}`;
  }
  writeJson(join(outDir, "sizes.json"), sizes satisfies AllSizes);
  writeJson(join(outDir, "integrity.json"), hashes satisfies AllHashes);
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Writes the declarations of all modules as they lie in the sources, and for each entry a file that leads to its own. */
function writeTypes(outDir: string): void {
  const types = join(outDir, "types");
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", join(SOURCE, "tsconfig.types.json"), "--outDir", types], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  for (const path of globSync("**/*.d.ts", { cwd: types })) {
    const file = join(types, path);
    writeFileSync(file, readFileSync(file, "utf8").replaceAll(/\.tsx?";/g, '.js";'));
  }
  for (const entry of ENTRIES) {
    const module = entry.module.replace(/\.tsx?$/, ".js");
    writeFileSync(join(outDir, `${outputName(entry)}.d.ts`), `export * from "./types/${module}";\n`);
  }
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
    exports: describeExports(),
    types: "./index.d.ts",
    peerDependencies: PEERS,
    peerDependenciesMeta: Object.fromEntries(Object.keys(PEERS).map((name) => [name, { optional: true }])),
    unpkg: "./passerby.js",
    files: ["*.js", "*.js.map", "*.d.ts", "types", "LICENSE-web-vitals", "integrity.json"],
  };
}

function describeExports(): Record<string, unknown> {
  const modules = ENTRIES.map((entry) => {
    const output = outputName(entry);
    return [entry.name === "" ? "." : `./${entry.name}`, { types: `./${output}.d.ts`, default: `./${output}.js` }];
  });
  const scripts = SCRIPTS.map(({ file }) => [`./${file}`, `./${file}`]);
  return Object.fromEntries([...modules, ...scripts, ["./integrity.json", "./integrity.json"]]);
}

if (import.meta.main) await buildTracker();
