/** A configuration of nginx as nginx reads it: includes followed, every directive with its file and line. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, matchesGlob, resolve } from "node:path";
import { describeError } from "../../errors.ts";
import { InputUnreadable } from "../input-errors.ts";
import { readTokens, type Token } from "./tokens.ts";

/** `name args;` or `name args { block }`. */
export type Directive = {
  readonly name: string;
  readonly args: readonly string[];
  /** Directives of its block; undefined where it has none. */
  readonly block: readonly Directive[] | undefined;
  /** File and line as the owner knows them: of the template, where it was filled from one. */
  readonly file: string;
  readonly line: number;
};

/** An `include` and what it found. `owner` is the block that it stands in, undefined for the top of the first file. */
export type Include = {
  readonly directive: Directive;
  readonly files: readonly string[];
  readonly within: readonly Directive[];
};

export type NginxConfig = {
  /** The first file. */
  readonly path: string;
  /** All directives of it, with those of included files in the place of the include. */
  readonly directives: readonly Directive[];
  /** Files that were read, in order, by the owner's names. */
  readonly files: readonly string[];
  readonly includes: readonly Include[];
};

/** A file that is not there yet, such as one that is filled from a template. */
export type VirtualFile = {
  readonly text: string;
  /** The owner's file that it is made from. */
  readonly owner: string;
  /** The owner's line of a line of the text. */
  readonly lineOf: (line: number) => number;
};

/** Where files are besides on the disk as they are named. */
export type NginxPlaces = {
  /** Files by the path that nginx would read. */
  readonly virtual?: ReadonlyMap<string, VirtualFile>;
  /** Folders and files of a container by their path in it, `/etc/nginx` → `deploy/edge`. */
  readonly mounts?: ReadonlyMap<string, string>;
};

/** More would be a circle. */
const MAX_DEPTH = 20;
/** Files that every package and image of nginx brings along; nothing that is checked stands in them. */
const SHIPPED = /^(?:mime\.types|(?:fastcgi|uwsgi|scgi)(?:_params|\.conf)|proxy_params|koi-|win-utf)/;

/**
 * Reads a configuration. Names without a leading slash are relative to the folder of the first file, as nginx has it; what
 * an include without a wildcard names must be there. Throws InputUnreadable.
 */
export function readNginx(path: string, places: NginxPlaces = {}): NginxConfig {
  const main = resolve(path);
  const files: string[] = [];
  const includes: Include[] = [];
  const readFile = (file: string, within: readonly Directive[], depth: number): readonly Directive[] => {
    const from = depth === 0 ? main : whereOf(includes.at(-1)?.directive ?? { file, line: 1 });
    if (depth > MAX_DEPTH) throw new InputUnreadable(from, "includes itself");
    const virtual = places.virtual?.get(file);
    const owner = virtual?.owner ?? file;
    let text: string;
    try {
      text = virtual?.text ?? readFileSync(file, "utf8");
    } catch (cause) {
      throw new InputUnreadable(from, describeError(cause), cause);
    }
    files.push(owner);
    const reader = { tokens: readTokens(text, owner), at: 0, file: owner, lineOf: virtual?.lineOf ?? ((line) => line) };
    return follow(readBlock(reader, false), within, depth);
  };
  const follow = (block: readonly Directive[], within: readonly Directive[], depth: number): readonly Directive[] =>
    block.flatMap((one) => {
      if (one.name !== "include") {
        return [one.block === undefined ? one : { ...one, block: follow(one.block, [...within, one], depth) }];
      }
      const found = findFiles(one.args[0] ?? "", dirname(main), places);
      includes.push({ directive: one, files: found, within });
      return found.flatMap((file) => readFile(file, within, depth + 1));
    });
  const directives = readFile(main, [], 0);
  return { path: main, directives, files, includes };
}

/** `file:line` of a directive. */
export function whereOf({ file, line }: Pick<Directive, "file" | "line">): string {
  return `${file}:${line}`;
}

function findFiles(named: string, folder: string, { virtual, mounts }: NginxPlaces): readonly string[] {
  const pattern = findOnHost(isAbsolute(named) ? named : join(folder, named), mounts);
  if (/[*?[]/.test(pattern)) {
    const made = [...(virtual?.keys() ?? [])].filter((file) => matchesGlob(file, pattern));
    // Like glob(3): a name that begins with a dot is none of `*`'s.
    const real = globSync(pattern).filter(
      (file) => !basename(file).startsWith(".") || basename(pattern).startsWith("."),
    );
    return [...new Set([...real, ...made])].sort();
  }
  if (virtual?.has(pattern) || existsSync(pattern) || !SHIPPED.test(basename(pattern))) return [pattern];
  return [];
}

/** The path on this machine of a path in the container. */
function findOnHost(path: string, mounts: ReadonlyMap<string, string> | undefined): string {
  const inside = [...(mounts ?? [])].filter(([target]) => path === target || path.startsWith(`${target}/`));
  const [deepest] = inside.sort(([a], [b]) => b.length - a.length);
  return deepest === undefined ? path : deepest[1] + path.slice(deepest[0].length);
}

type Reader = {
  readonly tokens: readonly Token[];
  at: number;
  readonly file: string;
  readonly lineOf: (line: number) => number;
};

function readBlock(reader: Reader, isInner: boolean): readonly Directive[] {
  const directives: Directive[] = [];
  for (;;) {
    const first = reader.tokens[reader.at];
    if (first === undefined) {
      if (!isInner) return directives;
      throw new InputUnreadable(reader.file, "ends inside a block: a } is missing");
    }
    if (first.kind === "}") {
      if (!isInner) throw new InputUnreadable(`${reader.file}:${reader.lineOf(first.line)}`, "has a } too many");
      reader.at++;
      return directives;
    }
    directives.push(readDirective(reader, first));
  }
}

function readDirective(reader: Reader, first: Token): Directive {
  const words: string[] = [];
  for (;;) {
    const token = reader.tokens[reader.at];
    if (token === undefined || token.kind === "}") {
      const where = `${reader.file}:${reader.lineOf(token?.line ?? first.line)}`;
      throw new InputUnreadable(where, `${first.text} is not ended by a ;`);
    }
    reader.at++;
    if (token.kind === "word") {
      words.push(token.text);
      continue;
    }
    const [name, ...args] = words;
    if (name === undefined) {
      throw new InputUnreadable(`${reader.file}:${reader.lineOf(token.line)}`, `has a ${token.kind} without a name`);
    }
    const block = token.kind === "{" ? readBlock(reader, true) : undefined;
    return { name, args, block, file: reader.file, line: reader.lineOf(first.line) };
  }
}
