/** Where the tests of certificates run: a folder with the volumes of docker-compose.tls.yml, as the user of its containers. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The folder in the repository. */
export const TLS: string = fileURLToPath(new URL("../../deploy/tls/", import.meta.url));
export const LOCAL = "127.0.0.1";
const USER = 1001;
/** Root runs as the user of the containers; anybody else as himself. */
const AS_USER = process.getuid?.() === 0 ? { uid: USER, gid: USER } : {};
const RETRY_MS = 50;

/** A clock that the test moves: what sleeps for minutes sleeps until it is told to go on. */
const SLEEP = `#!/bin/sh
case $1 in
    ?????? | ????? | ???? | ???) echo "$1" >>"$SLEEPS"; read -r _ <"$SLEEPS.go" ;;
    *) exec /bin/sleep 0.25 ;;
esac
`;

export type Env = Readonly<Record<string, string>>;
export type Ended = { readonly status: number | null; readonly said: string };

/** A program that runs on. */
export type Runner = {
  /** What it has said so far. */
  readonly said: () => string;
  /** Waits until it has said something; throws when it ends before. */
  readonly says: (pattern: RegExp) => Promise<void>;
  /** Ends it and all that it has started. */
  readonly stop: () => Promise<void>;
};

export type Places = {
  readonly folder: string;
  /** What the edge takes for certificate and key. */
  readonly file: string;
  readonly acme: string;
  /** Holds programs that come before those of the system. */
  readonly bin: string;
  /** Seconds of each long sleep so far. */
  readonly sleeps: () => readonly number[];
  /** Ends the long sleep that is under way. */
  readonly wake: () => void;
  readonly run: (command: readonly string[], env: Env) => Promise<Ended>;
  readonly start: (command: readonly string[], env: Env) => Runner;
  /** Gives everything in the folder to the user. */
  readonly hand: () => void;
  readonly remove: () => void;
};

/** Makes a certificate that nobody trusts, as the guide does. */
export function makeSelfSigned(names: string, file: string, days = 1): void {
  const { status, stderr } = spawnSync(join(TLS, "self-signed.sh"), [names, file, String(days)], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}

/** Makes the folder. Remove it. */
export function makePlaces(): Places {
  const folder = mkdtempSync(join(tmpdir(), "passerby-tls-"));
  chmodSync(folder, 0o755);
  const [bin, sleeps] = [join(folder, "bin"), join(folder, "sleeps")];
  for (const name of ["bin", "acme", "certificate", "letsencrypt"]) mkdirSync(join(folder, name));
  cpSync(TLS, join(folder, "app"), { recursive: true });
  writeFileSync(join(bin, "sleep"), SLEEP, { mode: 0o755 });
  writeFileSync(sleeps, "");
  spawnSync("mkfifo", [`${sleeps}.go`]);
  // Open for both, which never waits for anybody: a sleeper that has gone must not hold up the whole process.
  const go = openSync(`${sleeps}.go`, "r+");
  const hand = (): void => void spawnSync("chown", ["-R", `${AS_USER.uid ?? process.getuid?.()}`, folder]);
  hand();
  const launch = ([program = "", ...args]: readonly string[], env: Env): ChildProcess =>
    spawn(program, args, {
      ...AS_USER,
      cwd: folder,
      // A group of its own, by which it is ended with all that it has started.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: `${join(folder, "app")}:${bin}:/usr/sbin:/usr/bin:/bin`, SLEEPS: sleeps, ...env },
    });
  return {
    folder,
    bin,
    file: join(folder, "certificate/edge.pem"),
    acme: join(folder, "acme"),
    sleeps: () => readFileSync(sleeps, "utf8").trim().split("\n").filter(Boolean).map(Number),
    wake: () => void writeSync(go, "\n"),
    run: async (command, env) => {
      const child = launch(command, env);
      const said = collect(child);
      await once(child, "close");
      return { status: child.exitCode, said: said() };
    },
    start: (command, env) => follow(launch(command, env)),
    hand,
    remove: () => {
      closeSync(go);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function collect(child: ChildProcess): () => string {
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return () => said;
}

function follow(child: ChildProcess): Runner {
  const said = collect(child);
  return {
    said,
    says: async (pattern) => {
      while (!pattern.test(said())) {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${said()}`);
        await delay(RETRY_MS);
      }
    },
    stop: async () => {
      if (child.pid === undefined || !existsSync(`/proc/${child.pid}`)) return;
      const closed = once(child, "close");
      process.kill(-child.pid, "SIGTERM");
      await closed;
    },
  };
}
