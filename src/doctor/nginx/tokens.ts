/** The words, braces and semicolons of a configuration of nginx, by the rules of its own reader (ngx_conf_file.c). */
import { InputUnreadable } from "../input-errors.ts";

export type Token = { readonly kind: "word" | "{" | "}" | ";"; readonly text: string; readonly line: number };

/** Splits a text. Quotes and escapes are resolved as nginx does; comments are left out. Throws InputUnreadable. */
export function readTokens(text: string, file: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const letter = text[at] ?? "";
    if (letter === "\n") line++;
    if (/\s/.test(letter)) {
      at++;
    } else if (letter === "#") {
      while (at < text.length && text[at] !== "\n") at++;
    } else if (letter === "{" || letter === "}" || letter === ";") {
      tokens.push({ kind: letter, text: letter, line });
      at++;
    } else {
      const start = line;
      const word = letter === '"' || letter === "'" ? readQuoted(text, at) : readBare(text, at);
      if (word === undefined) throw new InputUnreadable(`${file}:${start}`, `has a ${letter} that is never closed`);
      line += text.slice(at, word.end).split("\n").length - 1;
      tokens.push({ kind: "word", text: word.text, line: start });
      at = word.end;
    }
  }
  return tokens;
}

type Word = { readonly text: string; readonly end: number };

function readQuoted(text: string, start: number): Word | undefined {
  const quote = text[start];
  let word = "";
  for (let at = start + 1; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (letter === quote) return { text: word, end: at + 1 };
    if (letter !== "\\") {
      word += letter;
      continue;
    }
    at++;
    word += resolveEscape(text[at] ?? "");
  }
  return undefined;
}

/** A bare word ends at white space, `;` or `{`; `${` begins a variable's name and ends nothing. */
function readBare(text: string, start: number): Word {
  let word = "";
  let at = start;
  for (; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (/[\s;]/.test(letter) || (letter === "{" && text[at - 1] !== "$")) break;
    if (letter === "\\") {
      at++;
      word += resolveEscape(text[at] ?? "");
    } else {
      word += letter;
    }
  }
  return { text: word, end: at };
}

const PLAIN: Readonly<Record<string, string>> = { '"': '"', "'": "'", "\\": "\\", t: "\t", r: "\r", n: "\n" };

function resolveEscape(letter: string): string {
  return PLAIN[letter] ?? `\\${letter}`;
}
