/** Holds the package as strangers meet it: packed by npm, judged by its linters, compiled against by their TypeScript. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUILT_TRACKER } from "../support/built-tracker.ts";
import { makeSiteProject, type SiteProject } from "../support/site-project.ts";

const TSC = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));

const ROOT_FACTS = fileURLToPath(new URL("../../package.json", import.meta.url));

/** The package is of ES modules only: what cannot load these, Node before 12 and `require` in types, is not looked at. */
const KINDS: readonly string[] = ["node16-esm", "bundler"];

/** What a site may write, and what its compiler must stop. */
const GOOD = `import { start, track } from "passerby-tracker";
import { MetricsBadge, MetricsDebugPanel, PrivilegedOnly, useAutoBeacons } from "passerby-tracker/react";
import { passerby } from "passerby-tracker/vite";
import { createElement, type ReactElement } from "react";
import { defineConfig } from "vite";

start({ apiBaseUrl: "https://metrics.example.com", sampleRate: 0.5 });
track("signup", { plan: "team" });
export const config = defineConfig({ plugins: [passerby({ site: "example.com", inject: false })] });
export function App(): ReactElement {
  useAutoBeacons({ site: "example.com" })("opened");
  const badge = createElement(MetricsBadge, { className: "badge" });
  return createElement(PrivilegedOnly, { when: () => true }, badge, createElement(MetricsDebugPanel));
}
`;
const WRONG = `import { start, track } from "passerby-tracker";
import { PrivilegedOnly, useAutoBeacons } from "passerby-tracker/react";
import { passerby } from "passerby-tracker/vite";
import { createElement } from "react";
// @ts-expect-error
start({ api: "x" });
// @ts-expect-error
track(1);
// @ts-expect-error
useAutoBeacons({ rate: 1 });
// @ts-expect-error
createElement(PrivilegedOnly, { when: "always" });
// @ts-expect-error
passerby({ site: 1 });
`;

describe("the package, packed", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "passerby-packed-"));
    execFileSync("npm", ["pack", "--silent", "--offline", "--pack-destination", folder, BUILT_TRACKER]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("has nothing that publint remarks", async () => {
    const { messages } = await publint({ pkgDir: BUILT_TRACKER, strict: true });
    expect(messages).toEqual([]);
  });

  test("has types that belong to its modules, by arethetypeswrong", async () => {
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
    const found = await checkPackage(createPackageFromTarballData(readFileSync(join(folder, tarball))), {
      // For a tag, not for an import.
      excludeEntrypoints: [/^\.\/passerby/],
    });
    if (!found.types) throw new Error("no types were found");
    expect(Object.keys(found.entrypoints)).toEqual(expect.arrayContaining([".", "./react", "./vite"]));
    const problems = found.problems.filter(
      (problem) => !("resolutionKind" in problem) || KINDS.includes(problem.resolutionKind),
    );
    expect(problems).toEqual([]);
  });

  test("has the version of the collector", () => {
    const [packed, own]: { version: string }[] = [join(BUILT_TRACKER, "package.json"), ROOT_FACTS].map((path) =>
      JSON.parse(readFileSync(path, "utf8")),
    );
    expect(packed?.version).toBe(own?.version);
  });

  test("holds a licence, a README, hashes, and a map for each module", () => {
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
    const packed = execFileSync("tar", ["tzf", join(folder, tarball)], { encoding: "utf8" }).split("\n");
    const files = packed.map((name) => name.replace("package/", ""));
    expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", "integrity.json", "passerby.js"]));
    for (const module of files.filter((name) => name.endsWith(".js"))) expect(files).toContain(`${module}.map`);
    expect(files.filter((name) => /\.(br|gz|test\.|tsx?$)/.test(name) && !name.endsWith(".d.ts"))).toEqual([]);
  });
});

describe("a project with the package", () => {
  let project: SiteProject;
  beforeAll(async () => {
    project = await makeSiteProject(["react", "@types/react", "vite", "csstype"]);
    project.write({ "good.ts": GOOD, "wrong.ts": WRONG });
  });
  afterAll(() => project?.remove());

  test.for([
    ["bundler", "esnext", ["--skipLibCheck"]],
    ["node16", "node16", ["--skipLibCheck"]],
    // Once with all declarations checked, ours among them: it takes seconds.
    ["nodenext", "nodenext", []],
  ] as const)("compiles with moduleResolution %s, and what is wrong does not", ([resolution, module, more]) => {
    const flags = ["--moduleResolution", resolution, "--module", module, "--target", "es2022", "--types", ""];
    const args = [TSC, "--noEmit", "--strict", ...flags, ...more, "good.ts", "wrong.ts"];
    expect(() => execFileSync(process.execPath, args, { cwd: project.folder, encoding: "utf8" })).not.toThrow();
  });
});
