/** What `passerby doctor` was given on its command line, and what it finds by itself in this folder. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { CommandAnswer, DoctorOptions } from "../src/doctor/inputs.ts";
import { maskValue } from "../src/doctor/report/effective-settings.ts";
import { readAddress, readKey, readNetwork } from "./network-flags.ts";

/** The flags by which a deployment is given. */
export type DeploymentFlags = {
  url?: string;
  site?: string;
  compose: readonly string[];
  nginx?: string;
  nginxCommand?: string;
  env?: string;
  repo?: string;
  dataDir?: string;
  prometheus?: string;
  keyFile?: string;
  github?: string;
  load?: boolean;
  rehearse?: boolean;
  runTests?: boolean;
  connectTo: readonly string[];
  ca?: string;
};

/** Reads them. Throws `setting_invalid` and `input_unreadable`. */
export function readOptions(flags: DeploymentFlags): DoctorOptions {
  const found = (...path: readonly string[]): string | undefined => {
    const file = join(...path);
    return existsSync(file) ? file : undefined;
  };
  const [compose = composeBeside(flags.env), ...composeOverrides] = flags.compose;
  return {
    url: readOptional("--url", flags.url),
    site: readOptional("--site", flags.site),
    compose,
    composeOverrides,
    env: flags.env ?? (compose === undefined ? found(".env") : found(compose, "..", ".env")),
    nginx: flags.nginx ?? found("deploy", "edge", "nginx.conf"),
    repo: flags.repo ?? found(".git")?.replace(/\.git$/, "."),
    dataDir: flags.dataDir,
    prometheus: readOptional("--prometheus", flags.prometheus),
    key: readKey(flags.keyFile),
    github: flags.github,
    load: flags.load === true,
    rehearse: flags.rehearse === true,
    runTests: flags.runTests === true,
    network: readNetwork(flags),
    // nginx lies where the path of an ordinary user does not lead.
    environment: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin` },
    show: (printed) => void process.stderr.write(printed),
    ...{ flagsOf, passerby: runPasserby, nginxCommand: flags.nginxCommand },
  };
}

/** Calls this very program again; what it prints is not shown. */
async function runPasserby(args: readonly string[]): Promise<CommandAnswer> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? "", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: typeof code === "number" ? code : -1, stdout, stderr };
}

/** The compose file in this folder; none for a file of variables that lies elsewhere, such as one for systemd. */
function composeBeside(env: string | undefined): string | undefined {
  const file = join("deploy", "docker-compose.full.yml");
  const isBeside = env === undefined || dirname(resolve(env)) === resolve("deploy");
  return isBeside && existsSync(file) ? file : undefined;
}

/** Flags that a subcommand takes, as its own help would list them. */
async function flagsOf(subcommand: string): Promise<readonly string[]> {
  const { rotateCommand } = await import("./rotate.ts");
  const { startCommand } = await import("./start.ts");
  const command = [rotateCommand(), startCommand()].find((one) => one.name() === subcommand);
  return command?.options.flatMap(({ long }) => (long ? [long] : [])) ?? [];
}

/** What is looked at, by input name. */
export function lookedAtOf({
  url,
  site,
  compose,
  nginx,
  env,
  repo,
  dataDir,
  prometheus,
}: DoctorOptions): Record<string, string> {
  const all = {
    url: url?.href,
    site: site?.href,
    compose,
    nginx,
    env,
    repo,
    data_dir: dataDir,
    prometheus: prometheus?.href,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, maskValue(name, value)]])),
  );
}

function readOptional(flag: string, text: string | undefined): URL | undefined {
  return text === undefined ? undefined : readAddress(flag, text);
}
