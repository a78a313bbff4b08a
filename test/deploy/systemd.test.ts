/** The units for machines without Docker: what systemd says of them, and commands that are there. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageFacts from "../../package.json" with { type: "json" };
import { readSettings, SETTING_KEYS, SETTINGS } from "../../src/config.ts";
import { systemdAnalyze } from "../means.ts";
import { refusalOfRotate, unknownFlags } from "./command-check.ts";
import { DEPLOY, parseCompose, serviceOf } from "./compose-file.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FOLDER = `${DEPLOY}systemd/`;
/** What systemd 252 says is 1.1 and 0.3 of 10; other versions look at a few things more or less. */
const MOST_EXPOSED = {
  "passerby.service": 1.5,
  "passerby-rotate.service": 0.8,
  "passerby-backup.service": 0.8,
} as const;
const UNITS = Object.keys(MOST_EXPOSED);

const environment = Object.fromEntries(
  Object.entries(parseEnv(readFileSync(`${FOLDER}passerby.env.example`, "utf8"))).map(([name, value]) => [
    name,
    value ?? "",
  ]),
);

function readUnit(name: string): string {
  return readFileSync(FOLDER + name, "utf8");
}

/** Returns the words of a unit's command after `node`. */
function commandOf(name: string): readonly string[] {
  return /^ExecStart=\/usr\/bin\/node (.+)$/m.exec(readUnit(name))?.[1]?.split(" ") ?? [];
}

/** Returns what a unit sets by itself. */
function settingsOf(name: string): Record<string, string> {
  const line = /^Environment=(.+)$/m.exec(readUnit(name))?.[1] ?? "";
  return Object.fromEntries(line.split(" ").map((pair) => pair.split("=")));
}

describe.skipIf(systemdAnalyze === undefined)("the units [needs systemd-analyze]", () => {
  let folder: string;
  const analyze = (...args: readonly string[]): { status: number | null; output: string } => {
    const { status, stdout, stderr } = spawnSync(systemdAnalyze ?? "", args, { encoding: "utf8" });
    return { status, output: stdout + stderr };
  };
  const write = (name: string, text: string): string => {
    // Alone in a folder: systemd reads the units beside it, too.
    const path = join(mkdtempSync(join(folder, "unit-")), name);
    // Node may be elsewhere here.
    writeFileSync(path, text.replace("/usr/bin/node", process.execPath));
    return path;
  };
  const verify = (name: string, text: string): string => analyze("verify", "--man=no", write(name, text)).output;
  const exposure = (name: string, text: string): number => {
    const { output } = analyze("security", "--no-pager", "--offline=true", write(name, text));
    return Number(/Overall exposure level for \S+: ([\d.]+)/.exec(output)?.[1]);
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "passerby-units-"));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(UNITS)("%s has nothing that systemd does not know", (name) => {
    expect(verify(name, readUnit(name))).not.toContain("passerby");
    expect(verify(name, readUnit(name).replace("ProtectSystem=", "ProtectSytem="))).toContain("ProtectSytem");
  });

  it.each(Object.entries(MOST_EXPOSED))("%s is exposed at most %d of 10, by what systemd judges", (name, most) => {
    expect(exposure(name, readUnit(name))).toBeLessThanOrEqual(most);
    expect(
      exposure(name, readUnit(name).replaceAll(/^(Protect|Private|System|Restrict)\w+=.*$/gm, "")),
    ).toBeGreaterThan(most);
  });

  it("belong to a user that systemd-sysusers makes", () => {
    const root = join(folder, "root");
    mkdirSync(join(root, "etc/sysusers.d"), { recursive: true });
    const text = readFileSync(`${FOLDER}passerby.sysusers.conf`, "utf8");
    writeFileSync(join(root, "etc/sysusers.d/passerby.conf"), text);
    spawnSync("systemd-sysusers", [`--root=${root}`, "passerby.conf"]);
    expect(readFileSync(join(root, "etc/passwd"), "utf8")).toMatch(
      /^passerby:x:\d+:\d+:Passerby:\/var\/lib\/passerby:.*nologin$/m,
    );
    for (const name of UNITS) expect(readUnit(name)).toMatch(/^User=passerby$/m);
  });
});

describe("the units' commands", () => {
  it("run what the build makes, the collector as npm run passerby does", () => {
    expect(UNITS).toEqual(expect.arrayContaining(readdirSync(FOLDER).filter((name) => name.endsWith(".service"))));
    for (const name of UNITS)
      expect(existsSync(ROOT + (commandOf(name).find((word) => word.endsWith(".js")) ?? "-"))).toBe(true);
    expect(`node ${commandOf("passerby.service").join(" ")}`).toBe(`${packageFacts.scripts.passerby} start`);
  });

  it("have flags that passerby start and passerby rotate take, with the settings of the example", async () => {
    const wordsOf = (name: string): readonly string[] =>
      commandOf(name).slice(commandOf(name).findIndex((word) => word.endsWith(".js")) + 1);
    const rotate = wordsOf("passerby-rotate.service");
    expect(await unknownFlags(wordsOf("passerby.service"), environment)).toEqual([]);
    expect(await refusalOfRotate(rotate, { ...environment, ...settingsOf("passerby-rotate.service") })).toBe("");
    // Retention and size are the collector's own, by the environment that both read.
    const { command = [] } = serviceOf(parseCompose(), "metrics-rotator");
    expect(command.join(" ")).toContain(rotate.slice(1).join(" "));
  });

  it("have settings that are some, and one rotator", () => {
    const known = SETTING_KEYS.map((key) => SETTINGS[key].variable);
    const names = [environment, ...UNITS.map(settingsOf)].flatMap((each) => Object.keys(each));
    expect(names.filter((name) => name !== "NODE_ENV" && !known.includes(name))).toEqual([]);
    const settings = readSettings({ ...environment, ...settingsOf("passerby.service") });
    expect(settings).toMatchObject({
      rotate: "off",
      dataDir: "/var/lib/passerby",
      trustedProxies: ["127.0.0.1", "::1"],
    });
    for (const name of UNITS) expect(readUnit(name)).toMatch(/^StateDirectory=passerby\nStateDirectoryMode=0700$/m);
  });
});
