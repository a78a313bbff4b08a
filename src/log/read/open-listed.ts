/** Opens a file of a list of the log, wherever it is by now: it may have been sealed or compressed since it was listed. */
import { lstat } from "node:fs/promises";
import { systemErrorCode } from "../../errors.ts";
import { type LogFile, listLogFiles } from "../files/log-files.ts";
import { type OpenLogFile, openLogFile } from "./read-lines.ts";

/** Opens the file that was listed; undefined when it was deleted meanwhile. Close it. Throws the system's error. */
export async function openListed(dataDir: string, listed: LogFile): Promise<OpenLogFile | undefined> {
  for (let file: LogFile | undefined = listed; file !== undefined; ) {
    const opened = await openIfThere(file.path);
    // The name cannot come back to a file that has lost it: if it is the file's now, it was when it was opened.
    if (opened && (await inodeOf(file.path)) === file.inode) return opened;
    await opened?.close();
    file = (await listLogFiles(dataDir)).find((now) => isSame(now, listed));
  }
  return undefined;
}

/** Opens a log file; undefined when it is gone. Close it. Throws the system's error. */
export async function openIfThere(path: string): Promise<OpenLogFile | undefined> {
  try {
    return await openLogFile(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function isSame(now: LogFile, listed: LogFile): boolean {
  return now.inode === listed.inode || (now.kind !== "active" && now.shard === listed.shard);
}

async function inodeOf(path: string): Promise<number | undefined> {
  return lstat(path).then(
    ({ ino }) => ino,
    () => undefined,
  );
}
