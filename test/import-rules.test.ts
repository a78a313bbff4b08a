/**
 * The law of the house: who may import whom, how long a file may be, and what a module may not do. A rule that is broken
 * names the file and the line that breaks it.
 */
import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Stages and what each may import besides itself. `ground` are the files of src/ itself. */
const LAW: Readonly<Record<string, readonly string[]>> = {
  ground: [],
  tracker: ["ground"],
  // Shows what the tracker does: of its files only those of SEEN_BY_OVERLAY.
  overlay: ["ground", "tracker"],
  log: ["ground"],
  live: ["ground"],
  collector: ["ground", "log", "live"],
  store: ["ground", "log"],
  query: ["ground", "store"],
  review: ["ground", "query"],
  transfer: ["ground", "log", "collector", "store"],
  dashboard: ["ground"],
  server: ["ground", "collector", "live", "log", "store", "query", "review"],
  notice: ["ground"],
  setup: ["ground", "notice"],
  doctor: ["ground", "log"],
  cmd: [
    "ground",
    "collector",
    "live",
    "log",
    "store",
    "query",
    "review",
    "transfer",
    "server",
    "notice",
    "setup",
    "doctor",
  ],
};

/** What code that runs in a browser may import of the ground for its values; types may come from anywhere in it. */
const BROWSER_SAFE: Readonly<Record<string, readonly string[]>> = {
  tracker: ["src/sampling.ts"],
  overlay: ["src/sampling.ts"],
  dashboard: ["src/report.ts", "src/event.ts"],
};

/**
 * What the overlay may import of the tracker: how one takes part in it, and what a page may tell it. Everything else is the
 * tracker's own, and would be a second copy of it on the page.
 */
const SEEN_BY_OVERLAY: readonly string[] = ["src/tracker/hooks.ts", "src/tracker/options.ts"];

type Import = { readonly file: string; readonly target: string; readonly isTypeOnly: boolean };

const FILES = globSync(["src/**/*.{ts,tsx}", "cmd/**/*.ts"], { cwd: ROOT }).sort();
const SOURCES = FILES.filter((file) => !/\.test\.tsx?$/.test(file));

function stageOf(file: string): string {
  const [root, first, second] = file.split("/");
  if (root === "cmd") return "cmd";
  return second === undefined ? "ground" : (first ?? "ground");
}

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const pattern = /^(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"(\.[^"]+)"|import\("(\.[^"]+)"\)/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    file,
    target: posix.join(posix.dirname(file), match[2] ?? match[3] ?? ""),
    isTypeOnly: match[1] !== undefined,
  }));
}

const IMPORTS = SOURCES.flatMap(importsOf);

function listBroken(isBroken: (edge: Import) => boolean): readonly string[] {
  return IMPORTS.filter(isBroken).map(({ file, target }) => `${file} imports ${target}`);
}

describe("the import law", () => {
  it("knows every stage", () => {
    expect([...new Set(SOURCES.map(stageOf))].filter((stage) => LAW[stage] === undefined)).toEqual([]);
  });

  it("sees the imports that it judges", () => {
    expect(IMPORTS.length).toBeGreaterThan(150);
    expect(IMPORTS.filter(({ target }) => target.endsWith(".ts") && !FILES.includes(target))).toEqual([]);
  });

  it("lets stages import along the flow only", () => {
    const isAllowed = ({ file, target }: Import): boolean => {
      const [from, to] = [stageOf(file), stageOf(target)];
      return from === to || (LAW[from] ?? []).includes(to);
    };
    expect(listBroken((edge) => !isAllowed(edge))).toEqual([]);
  });

  it("keeps what cannot run in a browser out of browser code", () => {
    const isAllowed = ({ file, target, isTypeOnly }: Import): boolean => {
      const safe = BROWSER_SAFE[stageOf(file)];
      return safe === undefined || isTypeOnly || stageOf(target) !== "ground" || safe.includes(target);
    };
    expect(listBroken((edge) => !isAllowed(edge))).toEqual([]);
  });

  it("lets the overlay see the outside of the tracker only", () => {
    const isAllowed = ({ file, target }: Import): boolean =>
      stageOf(file) !== "overlay" || stageOf(target) !== "tracker" || SEEN_BY_OVERLAY.includes(target);
    expect(listBroken((edge) => !isAllowed(edge))).toEqual([]);
  });

  it("lets nobody import tests", () => {
    expect(listBroken(({ target }) => /\.test\.tsx?$|^test\//.test(target))).toEqual([]);
  });

  it("has no cycle, not even of types", () => {
    const next = Map.groupBy(IMPORTS, ({ file }) => file);
    const done = new Set<string>();
    const findCycle = (file: string, path: readonly string[]): readonly string[] | undefined => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
      if (done.has(file)) return undefined;
      for (const { target } of next.get(file) ?? []) {
        const cycle = findCycle(target, [...path, file]);
        if (cycle !== undefined) return cycle;
      }
      done.add(file);
      return undefined;
    };
    expect(SOURCES.map((file) => findCycle(file, [])).filter((cycle) => cycle !== undefined)).toEqual([]);
  });
});

describe("the size law", () => {
  /** Files that may be longer, each with its reason. */
  const LONGER: Readonly<Record<string, string>> = {};

  it("holds files to 300 lines", () => {
    const tooLong = SOURCES.map((file) => ({
      file,
      lines: readFileSync(join(ROOT, file), "utf8").split("\n").length - 1,
    }))
      .filter(({ file, lines }) => lines > 300 && LONGER[file] === undefined)
      .map(({ file, lines }) => `${file}: ${lines} lines`);
    expect(tooLong).toEqual([]);
  });

  it("holds functions to 60 lines by a rule of the linter that no source switches off", () => {
    const config = readFileSync(join(ROOT, "biome.json"), "utf8");
    expect(config).toContain('"noExcessiveLinesPerFunction": { "level": "error", "options": { "maxLines": 60');
    const silenced = SOURCES.filter((file) => {
      const text = readFileSync(join(ROOT, file), "utf8");
      return /biome-ignore lint\/complexity\/noExcessiveLinesPerFunction:\s*$/m.test(text);
    });
    expect(silenced).toEqual([]);
  });
});

describe("the style law", () => {
  it("opens every file with what it is", () => {
    expect(SOURCES.filter((file) => !readFileSync(join(ROOT, file), "utf8").startsWith("/**"))).toEqual([]);
  });

  it("gives no two stages a file of the same name", () => {
    const FRONT = /(^|\/)(index|main)\.tsx?$/;
    const byStem = Map.groupBy(
      SOURCES.filter((file) => !FRONT.test(file)),
      (file) => posix.basename(file).replace(/\.tsx?$/, ""),
    );
    const shared = [...byStem].filter(([, files]) => new Set(files.map(stageOf)).size > 1);
    expect(shared.map(([stem, files]) => `${stem}: ${files.join(", ")}`)).toEqual([]);
  });

  it("reads the environment in the command line only", () => {
    const readers = SOURCES.filter((file) => readFileSync(join(ROOT, file), "utf8").includes("process.env"));
    expect(readers.filter((file) => !file.startsWith("cmd/"))).toEqual([]);
  });
});
