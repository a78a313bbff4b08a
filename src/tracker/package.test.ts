/** Holds what is published: the size of the script, what must not be in it, and that the package works as its README says. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AllSizes, buildTracker } from "../../scripts/build-tracker.ts";

/**
 * Ceilings in bytes of each script. Raising one takes a reason here; that of `passerby.js` is never raised: brotli 2,048
 * fits into two network packets, and what does not fit becomes a script of its own.
 */
const CEILINGS: AllSizes = {
  "passerby.js": { bytes: 4_700, gzip: 2_350, brotli: 2_048 },
  // Of these two the first is loaded by everybody where it is used, the second only where somebody has asked for it.
  "passerby-dev.js": { bytes: 1_300, gzip: 720, brotli: 620 },
  "passerby-overlay.js": { bytes: 25_500, gzip: 10_300, brotli: 9_200 },
};

/** What would break a promise: storage, cookies, fingerprints, blocking requests, code from text, and the full schema. */
const FORBIDDEN = [
  "localStorage",
  "sessionStorage",
  "indexedDB",
  ".cookie",
  "caches.",
  "serviceWorker",
  "canvas",
  "plugins",
  "deviceMemory",
  "hardwareConcurrency",
  "getTimezoneOffset",
  "XMLHttpRequest",
  "eval(",
  "Function(",
  "innerHTML",
  "console",
  "BigInt",
  "0xcbf29ce484222325n",
  "x-column",
  "import.meta",
];

describe("the published tracker", () => {
  let folder: string;
  const read = (name: string): string => readFileSync(join(folder, "tracker", name), "utf8");
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "passerby-package-"));
    await buildTracker(join(folder, "tracker"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("weighs no more than its ceilings, script by script", () => {
    const sizes: AllSizes = JSON.parse(read("sizes.json"));
    expect(Object.keys(sizes)).toEqual(Object.keys(CEILINGS));
    for (const [file, { bytes, gzip, brotli }] of Object.entries(sizes)) {
      expect(bytes, file).toBe(Buffer.byteLength(read(file)));
      expect(bytes, file).toBeLessThanOrEqual(CEILINGS[file]?.bytes ?? 0);
      expect(gzip, file).toBeLessThanOrEqual(CEILINGS[file]?.gzip ?? 0);
      expect(brotli, file).toBeLessThanOrEqual(CEILINGS[file]?.brotli ?? 0);
    }
  });

  test.for(FORBIDDEN)("does not hold %s", (name) => {
    expect(read("passerby.js")).not.toContain(name);
    if (name !== "import.meta") expect(read("index.js")).not.toContain(name);
  });

  test("needs no other package", () => {
    // Its own files it may: what its entries have in common is in one of them.
    expect(read("index.js")).not.toMatch(/\bfrom\s*["'](?!\.\/)|\bimport\s*["'(](?!\.\/)/);
    expect(Object.keys(JSON.parse(read("package.json")))).not.toContain("dependencies");
  });

  test("is imported and called on a server without doing anything", () => {
    const code = `import { start, track } from "${join(folder, "tracker/index.js")}";
      start({ apiBaseUrl: "https://api.example.com" });
      track("signup");
      console.log(Object.keys(globalThis).includes("passerby"));`;
    expect(execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" })).toBe("false\n");
  });

  test("has types by which its README's example compiles and a wrong call does not", () => {
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const project = join(folder, "project");
    mkdirSync(join(project, "node_modules"), { recursive: true });
    symlinkSync(join(folder, "tracker"), join(project, "node_modules/passerby-tracker"));
    const [, example] = /```ts\n(.*?)```/s.exec(read("README.md")) ?? [];
    writeFileSync(join(project, "good.ts"), example ?? "");
    writeFileSync(
      join(project, "wrong.ts"),
      `import { start, track } from "passerby-tracker";\n// @ts-expect-error\nstart({ api: "x" });\n// @ts-expect-error\ntrack(1);\n`,
    );
    writeFileSync(join(project, "package.json"), '{"type":"module"}');
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const files = ["good.ts", "wrong.ts"];
    const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", ""];
    expect(() =>
      execFileSync(process.execPath, [tsc, ...flags, ...files], { cwd: project, stdio: "pipe" }),
    ).not.toThrow();
  });
});
