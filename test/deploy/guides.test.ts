/** The guides for deploying: what their commands name is there, and is called as it may be. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { composeSchema } from "../means.ts";
import { readGuideCommands } from "../support/guide-code.ts";
import { unknownFlags } from "./command-check.ts";
import { parseCompose } from "./compose-file.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GUIDES = ["deploy-docker.md", "deploy-systemd.md"];
/** What the owner puts there. */
const OWN = /^deploy\/(\.env$|secrets\/)/;

describe.each(GUIDES)("%s", (guide) => {
  const commands = readGuideCommands(guide);

  it("names files that there are", () => {
    const named = commands.flatMap((line) => line.match(/\b(?:deploy|scripts|dist)\/[\w./-]+/g) ?? []);
    expect(named.filter((path) => !OWN.test(path) && !existsSync(ROOT + path))).toEqual([]);
    expect(named.length).toBeGreaterThan(5);
  });

  it("calls passerby as it can be called", async () => {
    const calls = commands.flatMap((line) => {
      const words = /passerby\.js (.+)$/.exec(line)?.[1]?.split(" ");
      return words === undefined ? [] : [words];
    });
    expect(calls).toContainEqual(["key", "create", "--scope", "read"]);
    for (const words of calls) expect([words, await unknownFlags(words, {})]).toEqual([words, []]);
  });
});

describe.skipIf(composeSchema === undefined)("deploy-docker.md [needs docker-compose]", () => {
  it("calls Compose with commands and services that there are", () => {
    const calls = readGuideCommands("deploy-docker.md").filter((line) => line.startsWith("docker compose "));
    expect(calls.length).toBeGreaterThan(6);
    const help = spawnSync("/usr/bin/docker-compose", ["--help"], { encoding: "utf8" }).stdout;
    const services = Object.keys(parseCompose().services);
    for (const call of calls) {
      const [command = "", ...rest] = call.replace(/^docker compose( --file \S+)+ /, "").split(" ");
      expect(help).toMatch(new RegExp(`^ {2}${command} `, "m"));
      const service = rest.find((word) => !word.startsWith("-"));
      if (service !== undefined) expect(services).toContain(service);
    }
  });
});
