/**
 * The twin of a folder's disk, fed with a record of system calls: it knows what a power cut may leave. A file is as it
 * was at its last sync or at any moment since, the names of the folder are as they were at its last sync or at any moment
 * since, and each independently of the others (fsync(2), notes).
 */
import { linkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Chooses one of so many possible outcomes, the oldest first. */
export type Choose = (count: number) => number;

/** Contents that may be on disk: of the last sync, and after each call since. The last is what a reader sees. */
type Inode = { versions: Buffer[] };
type Names = ReadonlyMap<string, Inode>;

const CALL = /^\d+ +(\w+)\((.*)\) += (-?\d+)/s;
const PATHS = /"([^"]*)"/g;
const TEXT = /^[^"]*"((?:[^"\\]|\\.)*)"/s;

/**
 * Joins what strace records in two parts when calls overlap: a call stands where it returned, an answer to a client
 * where it began, for the client may have it from then on.
 */
export function joinCalls(record: string): readonly string[] {
  const begun = new Map<string, string>();
  return record.split("\n").flatMap((line) => {
    const [thread = ""] = line.split(" ");
    if (line.endsWith("<unfinished ...>")) {
      const call = line.slice(0, -"<unfinished ...>".length);
      if (isAnswer(call)) return [`${call}) = 1`];
      begun.set(thread, call);
      return [];
    }
    const rest = /<\.\.\. \w+ resumed>(.*)/.exec(line)?.[1];
    if (rest === undefined) return [line];
    const call = begun.get(thread);
    begun.delete(thread);
    return call === undefined ? [] : [call + rest];
  });
}

/** Returns the ids that a call acknowledges; none for any other call. */
export function ackedIn(call: string): readonly string[] {
  if (!isAnswer(call)) return [];
  const answers = readEscapes(TEXT.exec(call)?.[1] ?? "").toString();
  return [...answers.matchAll(/\{"acked":\[([^\]]*)\]/g)].flatMap(([, ids]) => JSON.parse(`[${ids}]`));
}

export class DiskTwin {
  private readonly folder: string;
  private names: Names[];
  /** Open files by descriptor; the folder itself is no inode. */
  private readonly open: Map<string, Inode | "folder"> = new Map();

  /** Begins with files that are safely on disk. */
  constructor(folder: string, files: Readonly<Record<string, string>>) {
    this.folder = folder;
    const names = new Map<string, Inode>();
    for (const [name, text] of Object.entries(files)) names.set(name, { versions: [Buffer.from(text)] });
    this.names = [names];
  }

  /** Files as a reader sees them before the power is cut. */
  get seen(): ReadonlyMap<string, Buffer> {
    return new Map([...last(this.names)].map(([name, inode]) => [name, last(inode.versions)]));
  }

  /** Follows one recorded call; says whether it may have changed what a power cut leaves. */
  follow(line: string): boolean {
    const [, call = "", args = "", result = ""] = CALL.exec(line) ?? [];
    const paths = [...args.matchAll(PATHS)].map(([, path = ""]) => path);
    const isDone = !result.startsWith("-");
    if (call === "openat") return isDone && this.followOpen(paths[0] ?? "", args, result);
    if (call === "rename" || call === "link" || call === "unlink") return isDone && this.followNames(call, paths);
    const file = this.open.get(/^\d+/.exec(args)?.[0] ?? "");
    if (file === undefined) return false;
    if (call === "fsync" || call === "fdatasync") this.followSync(file, isDone);
    else if (file === "folder" || !isDone) return false;
    else if (call === "write") append(file, readEscapes(TEXT.exec(args)?.[1] ?? "").subarray(0, Number(result)));
    else if (call === "ftruncate") file.versions.push(last(file.versions).subarray(0, Number(args.split(", ")[1])));
    else return false;
    return true;
  }

  /** Writes what a power cut leaves now into an empty folder; returns it by name. */
  cutPower(into: string, choose: Choose): ReadonlyMap<string, Buffer> {
    const left = new Map<string, Buffer>();
    const written = new Map<Inode, string>();
    for (const [name, inode] of pick(this.names, choose)) {
      const twin = written.get(inode);
      const content = twin === undefined ? chooseContent(inode, choose) : left.get(twin);
      if (twin === undefined) writeFileSync(join(into, name), content ?? "", { mode: 0o600 });
      else linkSync(join(into, twin), join(into, name));
      written.set(inode, name);
      left.set(name, content ?? Buffer.alloc(0));
    }
    return left;
  }

  private followOpen(path: string, args: string, descriptor: string): boolean {
    this.open.delete(descriptor);
    if (path === this.folder) this.open.set(descriptor, "folder");
    if (dirname(path) !== this.folder) return false;
    const known = last(this.names).get(basename(path));
    const inode = known ?? { versions: [Buffer.alloc(0)] };
    this.open.set(descriptor, inode);
    if (known && args.includes("O_TRUNC")) inode.versions.push(Buffer.alloc(0));
    if (!known) this.rename((names) => names.set(basename(path), inode));
    return known === undefined || args.includes("O_TRUNC");
  }

  private followNames(call: "rename" | "link" | "unlink", paths: readonly string[]): boolean {
    const [from = "", to = ""] = paths.map((path) => basename(path));
    const inode = last(this.names).get(from);
    if (!inode) return false; // A socket.
    this.rename((names) => {
      if (call !== "unlink") names.set(to, inode);
      if (call !== "link") names.delete(from);
    });
    return true;
  }

  private followSync(file: Inode | "folder", isDone: boolean): void {
    if (file === "folder") {
      if (isDone) this.names = [last(this.names)];
      return;
    }
    const [safe = Buffer.alloc(0)] = file.versions;
    const newest = last(file.versions);
    if (isDone) file.versions = [newest];
    // Linux calls the pages that it could not write clean: a later sync says that they are safe, and they are not.
    else file.versions.push(Buffer.concat([newest.subarray(0, safe.length)], newest.length));
  }

  private rename(change: (names: Map<string, Inode>) => void): void {
    const names = new Map(last(this.names));
    change(names);
    this.names.push(names);
  }
}

function isAnswer(call: string): boolean {
  return call.includes('{\\"acked\\":[');
}

function append({ versions }: Inode, bytes: Buffer): void {
  versions.push(Buffer.concat([last(versions), bytes]));
}

/** A version, or the next one of which only the first bytes are there, or zeros in their place. */
function chooseContent({ versions }: Inode, choose: Choose): Buffer {
  const index = choose(versions.length);
  const [version = Buffer.alloc(0), next] = versions.slice(index);
  if (!next || next.length <= version.length || choose(2) === 0) return version;
  const part = next.subarray(0, version.length + choose(next.length - version.length));
  return choose(2) === 0 ? part : Buffer.concat([version], part.length);
}

/** Reads the escapes of C, in which strace prints bytes. */
function readEscapes(text: string): Buffer {
  const named: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", v: "\v", f: "\f" };
  const plain = text.replace(/\\(?:([0-7]{1,3})|(.))/gs, (_, octal, letter) =>
    octal === undefined ? (named[letter] ?? letter) : String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(plain, "latin1");
}

function pick<Item>(items: readonly Item[], choose: Choose): Item {
  return last(items.slice(0, choose(items.length) + 1));
}

function last<Item>(items: readonly Item[]): Item {
  const item = items.at(-1);
  if (item === undefined) throw new Error("a list that is never empty is empty");
  return item;
}
