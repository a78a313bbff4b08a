/**
 * What the doctor may look at: each input is read once, when the first check asks for it. An input that nobody gave throws
 * InputMissing, one that cannot be used InputUnreadable; the runner makes of both what the report says.
 */
import { systemClock } from "../clock.ts";
import type { SettingSource } from "../config.ts";
import { type CollectorSettings, readCollectorSettings } from "./deployment/collector-settings.ts";
import { type ComposeProject, readCompose } from "./deployment/compose-project.ts";
import { type DataFolder, openDataFolder } from "./deployment/data-folder.ts";
import { type EnvFile, readEnvFile } from "./deployment/env-file.ts";
import { openRepository, type Repository } from "./deployment/repository.ts";
import { InputMissing } from "./input-errors.ts";
import { type OpenedEdge, openEdge } from "./nginx/open-edge.ts";
import type { Network } from "./probe/ask.ts";
import { type LiveCollector, openLiveCollector } from "./probe/live-collector.ts";
import { type LiveSite, openLiveSite } from "./probe/live-site.ts";
import { openTlsProbe, type TlsProbe } from "./probe/tls-probe.ts";
import { runSmokeTest, type SmokeReport } from "./smoke/smoke-test.ts";
import { runNpmTest, type TestRun } from "./testing/run-tests.ts";

/** Inputs by name. `load` and `rehearse` are permissions: true where they were given. */
export type Inputs = {
  readonly compose: ComposeProject;
  /** The edge as it will run: templates beside it are filled in. */
  readonly nginx: OpenedEdge;
  readonly env: EnvFile;
  /** What the collector is set to, by the compose file with its variables or else by the file of variables alone. */
  readonly settings: CollectorSettings;
  readonly repo: Repository;
  readonly data_dir: DataFolder;
  /** The collector as the internet sees it, at --url. */
  readonly live: LiveCollector;
  /** What the smoke tests found there. */
  readonly smoke: SmokeReport;
  /** What --url offers in TLS, trusted or not. */
  readonly tls: TlsProbe;
  /** The site whose pages send events, at --site. */
  readonly site: LiveSite;
  /** Address of a Prometheus. */
  readonly prometheus: URL;
  /** Key of scope read. */
  readonly key: string;
  readonly load: true;
  readonly rehearse: true;
  /** What became of npm test, which runs when the first check asks. */
  readonly run_tests: TestRun;
  /** `owner/name` of a repository at GitHub. */
  readonly github: string;
};

export type InputName = keyof Inputs;

/** What a command ended with. */
export type CommandAnswer = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** What the owner gave; a path or address that is undefined was neither given nor found. */
export type DoctorOptions = {
  readonly url?: URL | undefined;
  readonly site?: URL | undefined;
  readonly compose?: string | undefined;
  /** Compose files that are laid over it, in order. */
  readonly composeOverrides?: readonly string[] | undefined;
  readonly nginx?: string | undefined;
  readonly env?: string | undefined;
  readonly repo?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly prometheus?: URL | undefined;
  readonly key?: string | undefined;
  readonly github?: string | undefined;
  readonly load: boolean;
  readonly rehearse: boolean;
  readonly runTests: boolean;
  readonly network: Network;
  /** Flags that a subcommand of ours takes, such as those of rotate; the command line knows. */
  readonly flagsOf: (subcommand: string) => Promise<readonly string[]>;
  /** Runs `passerby` itself, as the owner would. */
  readonly passerby: (args: readonly string[]) => Promise<CommandAnswer>;
  /** How nginx is called, where it is not `nginx` (docker compose … exec -T edge nginx). */
  readonly nginxCommand?: string | undefined;
  /** The environment that doctor itself runs in, for programs that it starts. */
  readonly environment: SettingSource;
  /** Takes what a program that runs long prints, as it comes. */
  readonly show?: ((text: string) => void) | undefined;
};

/** How each input is given, for the reason of a skipped check. */
export const INPUT_FLAGS: Readonly<Record<InputName, string>> = {
  compose: "--compose FILE",
  nginx: "--nginx FILE",
  env: "--env FILE",
  settings: "--compose FILE or --env FILE",
  repo: "--repo DIR",
  data_dir: "--data-dir DIR",
  live: "--url https://metrics.example.com",
  smoke: "--url https://metrics.example.com",
  tls: "--url https://metrics.example.com (with https)",
  site: "--site https://example.com",
  prometheus: "--prometheus URL",
  key: "--key-file FILE (a key of scope read)",
  load: "--load (sends up to 40 requests in a second)",
  rehearse: "--rehearse (pulls each lever for a moment and puts it back)",
  run_tests: "--run-tests (takes about ten minutes)",
  github: "--github OWNER/NAME",
};

type Providers = { readonly [Name in InputName]: () => Promise<Inputs[Name]> };

/** The inputs as checks ask for them. */
export type Given = {
  /** The input. Throws InputMissing or InputUnreadable. */
  readonly need: <Name extends InputName>(name: Name) => Promise<Inputs[Name]>;
  /** The input, or undefined where nobody gave it. Throws InputUnreadable. */
  readonly may: <Name extends InputName>(name: Name) => Promise<Inputs[Name] | undefined>;
  readonly options: DoctorOptions;
  /** Time now in milliseconds. */
  readonly nowMs: () => number;
};

/** Opens what the owner gave; nothing is read yet. */
export function openInputs(options: DoctorOptions, nowMs: () => number = systemClock.now): Given {
  const providers = makeProviders(options);
  return {
    need: (name) => providers[name](),
    may: async (name) => {
      try {
        return await providers[name]();
      } catch (error) {
        if (error instanceof InputMissing) return undefined;
        throw error;
      }
    },
    options,
    nowMs,
  };
}

function makeProviders(options: DoctorOptions): Providers {
  const { network } = options;
  const live = once(async () => openLiveCollector(given("live", options.url), network));
  const env = once(async () => readEnvFile(given("env", options.env)));
  const optionalEnv = async (): Promise<EnvFile | undefined> => (options.env === undefined ? undefined : await env());
  const repo = once(async () => openRepository(given("repo", options.repo)));
  const compose = once(async () =>
    readCompose(given("compose", options.compose), await optionalEnv(), options.composeOverrides),
  );
  return {
    env,
    compose,
    settings: once(async () => {
      if (options.compose === undefined && options.env === undefined) throw new InputMissing(INPUT_FLAGS.settings);
      return readCollectorSettings(options.compose === undefined ? undefined : await compose(), await optionalEnv());
    }),
    nginx: once(async () => {
      const path = given("nginx", options.nginx);
      // Compose file and variables are judged by checks of their own.
      const readable = { compose: await compose().catch(ignore), env: await optionalEnv().catch(ignore) };
      return openEdge(path, { ...readable, path: options.environment["PATH"] });
    }),
    repo,
    data_dir: once(async () => openDataFolder(given("data_dir", options.dataDir))),
    live,
    smoke: once(async () => {
      const { url } = await live();
      return runSmokeTest({ url, network, key: options.key, clock: systemClock });
    }),
    tls: once(async () => openTlsProbe(given("tls", secure(options.url)), network)),
    site: once(async () => openLiveSite(given("site", options.site), network)),
    prometheus: once(async () => given("prometheus", options.prometheus)),
    key: once(async () => given("key", options.key)),
    load: once(async () => permitted("load", options.load)),
    rehearse: once(async () => permitted("rehearse", options.rehearse)),
    run_tests: once(async () => {
      permitted("run_tests", options.runTests);
      return runNpmTest((await repo()).path, options.environment, options.show ?? (() => {}));
    }),
    github: once(async () => given("github", options.github)),
  };
}

function given<Value>(name: InputName, value: Value | undefined): Value {
  if (value === undefined) throw new InputMissing(INPUT_FLAGS[name]);
  return value;
}

function secure(url: URL | undefined): URL | undefined {
  return url?.protocol === "https:" ? url : undefined;
}

function permitted(name: InputName, isPermitted: boolean): true {
  if (!isPermitted) throw new InputMissing(INPUT_FLAGS[name]);
  return true;
}

function ignore(): undefined {
  return undefined;
}

/** Reads on the first call, and gives the same answer, or the same error, from then on. */
function once<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let reading: Promise<Value> | undefined;
  return () => {
    reading ??= read();
    return reading;
  };
}
