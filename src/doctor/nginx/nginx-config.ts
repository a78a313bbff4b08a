/** A configuration of nginx as nginx reads it: includes followed, every directive with its file and line. */
import { globSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { describeError } from "../../errors.ts";
import { InputUnreadable } from "../input-errors.ts";
import { readTokens, type Token } from "./tokens.ts";

/** `name args;` or `name args { block }`. */
export type Directive = {
  readonly name: string;
  readonly args: readonly string[];
  /** Directives of its block; undefined where it has none. */
  readonly block: readonly Directive[] | undefined;
  readonly file: string;
  readonly line: number;
};

export type NginxConfig = {
  /** The first file. */
  readonly path: string;
  /** All directives of it, with those of included files in the place of the include. */
  readonly directives: readonly Directive[];
  /** Files that were read, in order. */
  readonly files: readonly string[];
};

/** More would be a circle. */
const MAX_DEPTH = 20;

/**
 * Reads a configuration. Names without a leading slash are relative to the folder of the first file, as nginx has it; what
 * an include without a wildcard names must be there. Throws InputUnreadable.
 */
export function readNginx(path: string): NginxConfig {
  const main = resolve(path);
  const files: string[] = [];
  const readFile = (file: string, depth: number, from: string): readonly Directive[] => {
    if (depth > MAX_DEPTH) throw new InputUnreadable(from, "includes itself");
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (cause) {
      throw new InputUnreadable(from, describeError(cause), cause);
    }
    files.push(file);
    return readBlock({ tokens: readTokens(text, file), at: 0, file }, false).flatMap(function follow(one): Directive[] {
      if (one.name === "include") return includedBy(one).flatMap((each) => readFile(each, depth + 1, whereOf(one)));
      return [one.block === undefined ? one : { ...one, block: one.block.flatMap(follow) }];
    });
  };
  const includedBy = (include: Directive): readonly string[] => {
    const [named = ""] = include.args;
    const pattern = isAbsolute(named) ? named : join(dirname(main), named);
    return /[*?[]/.test(pattern) ? globSync(pattern).sort() : [pattern];
  };
  const directives = readFile(main, 0, main);
  return { path: main, directives, files };
}

/** `file:line` of a directive. */
export function whereOf({ file, line }: Directive): string {
  return `${file}:${line}`;
}

type Reader = { readonly tokens: readonly Token[]; at: number; readonly file: string };

function readBlock(reader: Reader, isInner: boolean): readonly Directive[] {
  const directives: Directive[] = [];
  for (;;) {
    const first = reader.tokens[reader.at];
    if (first === undefined) {
      if (!isInner) return directives;
      throw new InputUnreadable(reader.file, "ends inside a block: a } is missing");
    }
    if (first.kind === "}") {
      if (!isInner) throw new InputUnreadable(`${reader.file}:${first.line}`, "has a } too many");
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
      const where = `${reader.file}:${token?.line ?? first.line}`;
      throw new InputUnreadable(where, `${first.text} is not ended by a ;`);
    }
    reader.at++;
    if (token.kind === "word") {
      words.push(token.text);
      continue;
    }
    const [name, ...args] = words;
    if (name === undefined)
      throw new InputUnreadable(`${reader.file}:${token.line}`, `has a ${token.kind} without a name`);
    const block = token.kind === "{" ? readBlock(reader, true) : undefined;
    return { name, args, block, file: reader.file, line: first.line };
  }
}
