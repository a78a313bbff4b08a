/** The folder of the edge's files, `passerby/` beside nginx.conf, and the brake in it. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describeError, PasserbyError } from "../../errors.ts";
import { replaceFile, syncFolder } from "../../replace-file.ts";
import { type EdgeBrake, isInForce, parseInclude } from "./brake-include.ts";

/** Where fill.sh, and the official image, put the files. */
export const EDGE_DIR = "/etc/nginx/passerby";
/** The one file that is written; by the same name an operator's own copy of available/brake.conf is known. */
const OWN = "brake.conf";
/** What the template includes where events come in. */
const INCLUDED = /^brake.*\.conf$/;
/** nginx may run as somebody else. */
const MODE = 0o644;

/** What brakes an edge at one moment. */
export type EdgeBrakeState = {
  readonly dir: string;
  /** `unknown`: there is no edge in the folder. */
  readonly position: "on" | "off" | "unknown";
  /** The brake that `passerby brake` put there: in force, or (`off`) ended by itself; null where there is none. */
  readonly brake: EdgeBrake | null;
  /** Files that brake it, too, and were put there by hand. */
  readonly byHand: readonly string[];
};

/** What stood in the brake's file. */
export type Before = { readonly text: string; readonly mode: number } | undefined;

/** Reads what brakes the edge in a folder. Throws `edge_unusable` when it cannot be read. */
export function readEdgeBrake(dir: string, nowMs: number): EdgeBrakeState {
  return attempt(dir, () => {
    if (!isEdge(dir)) return { dir, position: "unknown", brake: null, byHand: [] };
    const names = readdirSync(join(dir, "on")).filter((name) => INCLUDED.test(name));
    const own = names.includes(OWN) ? parseInclude(readFileSync(join(dir, "on", OWN), "utf8")) : undefined;
    const byHand = names.filter((name) => name !== OWN || own === undefined).sort();
    const isOn = byHand.length > 0 || (own !== undefined && isInForce(own, nowMs));
    return { dir, position: isOn ? "on" : "off", brake: own ?? null, byHand };
  });
}

/** Throws `edge_unusable` where a folder holds no edge. */
export function requireEdge(dir: string): void {
  if (attempt(dir, () => isEdge(dir))) return;
  const message = `there is no edge in ${dir} (on/ and available/brake.conf are missing): give its folder with --edge-dir`;
  throw new PasserbyError("edge_unusable", message);
}

/** Files that would go on braking when ours is gone. */
export function listForeign(dir: string): readonly string[] {
  return attempt(dir, () => readdirSync(join(dir, "on")).filter((name) => INCLUDED.test(name) && name !== OWN));
}

/** Writes the brake's file, or takes it away, and returns what was there before. Throws `edge_unusable`. */
export function exchangeInclude(dir: string, text: string | undefined): Before {
  return attempt(dir, () => {
    const path = join(dir, "on", OWN);
    const before = existsSync(path)
      ? { text: readFileSync(path, "utf8"), mode: statSync(path).mode & 0o777 }
      : undefined;
    put(path, text === undefined ? undefined : { text, mode: MODE });
    return before;
  });
}

/** Puts back what was there before. Throws `edge_unusable`. */
export function putBack(dir: string, before: Before): void {
  attempt(dir, () => put(join(dir, "on", OWN), before));
}

function put(path: string, file: Before): void {
  if (file !== undefined) replaceFile(path, file.text, { mode: file.mode });
  else {
    rmSync(path, { force: true });
    syncFolder(join(path, ".."));
  }
}

function isEdge(dir: string): boolean {
  const isFolder = statSync(join(dir, "on"), { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder && existsSync(join(dir, "available", OWN));
}

function attempt<Result>(dir: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    const message = `${dir}/on cannot be used, and is as it was: ${describeError(cause)} (run this as somebody who may write there)`;
    throw new PasserbyError("edge_unusable", message, { cause });
  }
}
