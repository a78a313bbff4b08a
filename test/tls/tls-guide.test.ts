/** docs/guide/tls.md: what its commands name is there, is called as it may be, and does what it says where that can be run. */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { COMPOSE_TLS_PATH, parseCompose, readEnvExample } from "../deploy/compose-file.ts";
import { certbot, isLong } from "../means.ts";
import { TLS } from "./tls-places.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const guide = readFileSync(`${ROOT}docs/guide/tls.md`, "utf8");
const blocks = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
const commands = blocks.flatMap((block) => block.split("\n").filter((line) => line !== ""));
const scripts = globSync("*.sh", { cwd: TLS });
const compose =
  /^docker compose --file deploy\/docker-compose\.full\.yml --file deploy\/docker-compose\.tls\.yml (.*)$/;

function flagsOf(text: string): readonly string[] {
  return [...text.matchAll(/ (--[a-z-]+)/g)].map(([, flag = ""]) => flag);
}

describe("the guide", () => {
  it("names files that there are", () => {
    const named = commands.flatMap((line) => line.match(/(?<!\/)\bdeploy\/[\w./-]+/g) ?? []);
    expect(named.filter((path) => !path.startsWith("deploy/secrets/") && !existsSync(ROOT + path))).toEqual([]);
    expect(named.length).toBeGreaterThan(10);
  });

  it("sets variables that there are", () => {
    const variables = [...guide.matchAll(/`((?:CERTBOT|CLOUDFLARE)_\w+)=/g)].map(([, name = ""]) => name);
    expect(new Set(variables).size).toBe(4);
    expect(variables.filter((name) => !Object.hasOwn(readEnvExample(), name))).toEqual([]);
  });

  it("quotes what the scripts say", () => {
    const said = scripts.map((name) => readFileSync(join(TLS, name), "utf8")).join("\n");
    const ours = [...guide.matchAll(/^\| `(the [^`]+)` \|/gm)].map(([, text = ""]) => text);
    expect(ours).toHaveLength(2);
    expect(ours.filter((text) => !said.includes(text))).toEqual([]);
  });

  it("makes the first certificate and fills in the edge with it", () => {
    const folder = mkdtempSync(join(tmpdir(), "passerby-tls-guide-"));
    const first = blocks.find((block) => block.includes("first.pem")) ?? "";
    const lines = first.split("\n").filter((line) => /^(deploy|export|EDGE_)/.test(line));
    const script = lines
      .join("\n")
      .replaceAll("/etc/nginx", folder)
      .replace(/fill\.sh$/m, `fill.sh ${folder}`);
    const { status, stderr } = spawnSync("sh", ["-euc", script], { cwd: ROOT, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    const filled = readFileSync(join(folder, "conf.d/passerby.conf"), "utf8");
    expect(filled).toContain(`ssl_certificate ${folder}/first.pem;`);
    expect(filled).toContain(`ssl_certificate_key ${folder}/first.pem;`);
    expect(existsSync(join(folder, "first.pem"))).toBe(true);
    rmSync(folder, { recursive: true });
  });

  it("calls in the container what is there", () => {
    const calls = commands.flatMap((line) => compose.exec(line)?.[1] ?? []);
    expect(calls).toHaveLength(commands.filter((line) => line.startsWith("docker compose ")).length);
    const inside = calls.flatMap((call) => /(?<=^exec (?:-T )?certbot )[\w.-]+|(?<=--entrypoint )\S+/.exec(call) ?? []);
    expect(inside).toEqual(["is-healthy.sh", "certificate.sh", "certificate.sh", "tar", "tar"]);
    expect(inside.filter((name) => name !== "tar" && !scripts.includes(name))).toEqual([]);
    expect(Object.keys(parseCompose(readEnvExample(), COMPOSE_TLS_PATH).services)).toContain("certbot");
  });
});

// Most of them are also used by the tests of certificates.
describe.skipIf(!isLong || certbot === undefined)(`certbot [needs ${isLong ? "certbot" : "long"}]`, () => {
  it("knows every flag of the guide and of the script", () => {
    const calls = commands.filter((line) => line.startsWith("certbot ") || line.includes(" certificate.sh "));
    const script = readFileSync(join(TLS, "certificate.sh"), "utf8");
    const flags = [...calls.map((line) => line.replace(compose, "$1")), script].flatMap(flagsOf);
    expect(new Set(flags).size).toBeGreaterThan(15);
    const folder = mkdtempSync(join(tmpdir(), "passerby-certbot-"));
    const dirs = ["config", "work", "logs"].flatMap((name) => [`--${name}-dir`, folder]);
    const { stdout } = spawnSync(certbot ?? "", ["--help", "all", ...dirs], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect(flags.filter((flag) => !new RegExp(`${flag}\\b`).test(stdout))).toEqual([]);
  });
});
