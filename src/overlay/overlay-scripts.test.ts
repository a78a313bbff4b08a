/** Holds what is published of the overlay: nothing of it in the tracker, nothing that reads text as code, no harm on a server. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUILT_TRACKER } from "../../test/support/built-tracker.ts";

/** What turns text into HTML or code, breaks a strict policy for styles, or talks where nobody asked. */
const FORBIDDEN = [
  ...["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "setHTMLUnsafe", "eval(", "Function("],
  ...["console", ".cookie", ".style", "<style", "indexedDB", "sendBeacon", "XMLHttpRequest", "EventSource"],
];

describe("the published overlay", () => {
  let folder: string;
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "passerby-overlay-"));
    cpSync(BUILT_TRACKER, folder, { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.for(FORBIDDEN)("does not hold %s", (name) => {
    for (const file of ["passerby-dev.js", "passerby-overlay.js"]) expect(read(file), file).not.toContain(name);
  });

  test("is in no file that a visitor loads who has not asked for it", () => {
    const isLoaded = /^(import|export)[^"]*from "\.\/(?<file>shared-\w+\.js)"/gm;
    for (const entry of ["passerby.js", "passerby-dev.js", "index.js", "dev.js"]) {
      const files = [entry, ...[...read(entry).matchAll(isLoaded)].map((match) => match.groups?.["file"] ?? "")];
      for (const file of files) expect(read(file), `${file} of ${entry}`).not.toContain("passerby-panel");
    }
    expect(read("passerby-overlay.js")).toContain("passerby-panel");
  });

  test("is imported and called on a server without doing anything", () => {
    const code = `import { watchDevMode } from "${join(folder, "dev.js")}";
      import { defineOverlay, showOverlay } from "${join(folder, "overlay.js")}";
      watchDevMode(); defineOverlay(); showOverlay();
      console.log(Object.keys(globalThis).includes("passerby"));`;
    expect(execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" })).toBe("false\n");
  });

  test("tells a server that renders components to leave those of the entry for React to the browser", () => {
    expect(read("react.js")).toMatch(/^"use client";\n/);
  });

  test("has types by which a right call compiles and a wrong one does not", () => {
    const tsc = join(fileURLToPath(new URL("../..", import.meta.url)), "node_modules/typescript/bin/tsc");
    const lines = [
      'import { watchDevMode } from "./dev.js";\nimport { showOverlay } from "./overlay.js";',
      "watchDevMode();\nshowOverlay();\n// @ts-expect-error\nwatchDevMode(1);\n",
    ];
    writeFileSync(join(folder, "use.ts"), lines.join("\n"));
    const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", ""];
    const run = (): unknown =>
      execFileSync(process.execPath, [tsc, ...flags, "use.ts"], { cwd: folder, stdio: "pipe" });
    expect(run).not.toThrow();
  });
});
