/** Puts one checked copy into a folder: under a temporary name, synced, read back, and only then under its own. */
import { chmodSync, constants, renameSync, rmSync, writeFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../../errors.ts";
import { syncFile, syncFolder } from "../../log/files/durable-file.ts";
import { temporaryName } from "./copy-names.ts";

/** Told the name of each step when it is done; a test ends the process there. */
export type OnStep = (step: string) => void;

export type PutOptions = {
  readonly folder: string;
  /** Name of the copy. */
  readonly file: string;
  /** A file to copy, or the bytes themselves. */
  readonly source: string | Uint8Array;
  /** Reads the copy at a path back; false takes the copy away again. */
  readonly check: (path: string) => Promise<boolean>;
  readonly onStep: OnStep;
};

/** Returns whether the copy is there and right. Throws the system's error; then nothing stays. */
export async function putCopy({ folder, file, source, check, onStep }: PutOptions): Promise<boolean> {
  const temporary = join(folder, temporaryName(file));
  rmSync(temporary, { force: true });
  try {
    if (typeof source === "string") await copyFile(source, temporary, constants.COPYFILE_EXCL);
    else writeFileSync(temporary, source, { flag: "wx" });
    chmodSync(temporary, 0o600);
    onStep(`${file} copied`);
    syncFile(temporary);
    onStep(`${file} synced`);
    if (!(await check(temporary))) {
      rmSync(temporary);
      return false;
    }
    onStep(`${file} checked`);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  renameSync(temporary, join(folder, file));
  syncFolder(folder);
  onStep(`${file} named`);
  return true;
}

/** Says whether an error means that nothing more can be written, so that there is no use in going on. */
export function isFolderFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EROFS"].includes(systemErrorCode(error) ?? "");
}
