/** The words, braces and semicolons of a configuration of nginx, by the rules of its own reader (ngx_conf_read_token). */
import { InputUnreadable } from "../input-errors.ts";

export type Token = {
  readonly kind: "word" | "{" | "}" | ";";
  /** A word without its quotes, escapes resolved. */
  readonly text: string;
  readonly line: number;
  /** Where it stands in the text, quotes and all. */
  readonly start: number;
  readonly end: number;
};

const SPACE = /[ \t\r\n]/;
/** Its block is a program in Lua, no directives. */
const LUA = /_by_lua_block$/;

/** Splits a text. Quotes and escapes are resolved as nginx does; comments are left out. Throws InputUnreadable. */
export function readTokens(text: string, file: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  let first = "";
  while (at < text.length) {
    const letter = text[at] ?? "";
    if (letter === "\n") line++;
    if (SPACE.test(letter)) {
      at++;
    } else if (letter === "#") {
      while (at < text.length && text[at] !== "\n") at++;
    } else if (letter === "{" || letter === "}" || letter === ";") {
      tokens.push({ kind: letter, text: letter, line, start: at, end: ++at });
      if (letter === "{" && LUA.test(first)) {
        const end = endOfBlock(text, at);
        line += countLines(text.slice(at, end));
        at = end;
      }
      first = "";
    } else {
      const word = letter === '"' || letter === "'" ? readQuoted(text, at) : readBare(text, at);
      if (word === undefined) throw new InputUnreadable(`${file}:${line}`, `has a ${letter} that is never closed`);
      tokens.push({ kind: "word", text: word.text, line, start: at, end: word.end });
      line += countLines(text.slice(at, word.end));
      at = word.end;
      first ||= word.text;
      if (word.isStuck) throw new InputUnreadable(`${file}:${line}`, `has a ${text[at]} right after a quote`);
    }
  }
  return tokens;
}

type Word = { readonly text: string; readonly end: number; readonly isStuck?: boolean };

function countLines(text: string): number {
  return text.split("\n").length - 1;
}

/** After the closing quote nginx wants white space, `;`, `{` or `)`. */
function readQuoted(text: string, start: number): Word | undefined {
  const quote = text[start];
  let word = "";
  for (let at = start + 1; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (letter === quote) {
      const next = text[at + 1];
      return { text: word, end: at + 1, isStuck: next !== undefined && !/[ \t\r\n;{)]/.test(next) };
    }
    word += letter === "\\" ? resolveEscape(text[++at] ?? "") : letter;
  }
  return undefined;
}

/** A bare word ends at white space, `;` or `{`; `${` begins a variable's name and ends nothing. */
function readBare(text: string, start: number): Word {
  let word = "";
  let isVariable = false;
  let at = start;
  for (; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (SPACE.test(letter) || letter === ";" || (letter === "{" && !isVariable)) break;
    isVariable = letter === "$" || (letter === "{" && isVariable);
    word += letter === "\\" ? resolveEscape(text[++at] ?? "") : letter;
  }
  return { text: word, end: at };
}

const PLAIN: Readonly<Record<string, string>> = { '"': '"', "'": "'", "\\": "\\", t: "\t", r: "\r", n: "\n" };

function resolveEscape(letter: string): string {
  return PLAIN[letter] ?? `\\${letter}`;
}

/** Where the block that is open at `at` closes. */
function endOfBlock(text: string, at: number): number {
  let depth = 1;
  for (let index = at; index < text.length; index++) {
    if (text[index] === "{") depth++;
    if (text[index] === "}" && --depth === 0) return index;
  }
  return text.length;
}
