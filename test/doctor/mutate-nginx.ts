/** Ways to spoil a file of nginx by one small change: drop a directive, change a number, a unit, a word, swap two values. */
import { readTokens, type Token } from "../../src/doctor/nginx/tokens.ts";

export type Mutant = {
  /** `passerby/limits.conf:4 rate=5r/s → rate=50r/s`. */
  readonly name: string;
  readonly file: string;
  readonly text: string;
};

type Statement = { readonly words: readonly Token[]; readonly end: number; readonly within: string };

/** Words of a template that become whole lines. */
const LINES = /^\$\{EDGE_(?:LISTEN6|ORIGIN)\w*\}$/;

/** Every mutant of a file. */
export function mutate(file: string, text: string): readonly Mutant[] {
  const statements = readStatements(text, file);
  const make = (statement: Statement, told: string, [start, end]: readonly [number, number], to: string): Mutant => ({
    name: `${file}:${statement.words[0]?.line ?? 0} ${told}`,
    file,
    text: text.slice(0, start) + to + text.slice(end),
  });
  return statements.flatMap((statement, index) => {
    const [first] = statement.words;
    if (first === undefined) return [];
    const whole = text.slice(first.start, statement.end).split("\n")[0] ?? "";
    const values = statement.within === "map" ? statement.words : statement.words.slice(1);
    return [
      make(statement, `drop ${whole}`, [first.start, statement.end], ""),
      ...values.flatMap((word) =>
        changesOf(text.slice(word.start, word.end))
          .filter((to) => to !== text.slice(word.start, word.end))
          .map((to) => make(statement, `${whole} with ${to}`, [word.start, word.end], to)),
      ),
      ...swap(statement, statements[index + 1], text).map((to) =>
        make(statement, `${whole} swapped with the next`, to.span, to.text),
      ),
    ];
  });
}

function readStatements(text: string, file: string): readonly Statement[] {
  const statements: Statement[] = [];
  const open: { readonly words: readonly Token[]; readonly within: string }[] = [];
  let words: Token[] = [];
  const within = (): string => open.at(-1)?.words[0]?.text ?? "";
  for (const token of readTokens(text, file)) {
    if (token.kind === "word") {
      words.push(token);
      if (words.length > 1 || !LINES.test(token.text)) continue;
    } else if (token.kind === "{") {
      open.push({ words, within: within() });
      words = [];
      continue;
    }
    const ended = token.kind === "}" ? open.pop() : { words, within: within() };
    if (ended) statements.push({ ...ended, end: token.end });
    words = [];
  }
  return statements;
}

const UNITS: Readonly<Record<string, string>> = { k: "m", m: "k", s: "m", d: "m", "r/s": "r/m", ms: "s" };

/** Other values for a word as it is written. */
function changesOf(word: string): readonly string[] {
  if (word === "on") return ["off"];
  if (word === "off") return ["on"];
  const [, name = "", digits, unit = ""] = /^([a-z_]+[=:]|[a-z_]+=\w+:)?(\d+)(k|m|s|d|ms|r\/s)?$/.exec(word) ?? [];
  if (digits !== undefined) {
    const other = UNITS[unit];
    const tenth = Math.floor(Number(digits) / 10);
    return [
      `${name}${Number(digits) * 10}${unit}`,
      ...(tenth === Number(digits) ? [] : [`${name}${tenth}${unit}`]),
      ...(other === undefined ? [] : [`${name}${digits}${other}`]),
    ];
  }
  if (/^\$\w+$/.test(word)) return ["$request_id"];
  if (/["']$/.test(word)) return [`${word.slice(0, -1)}x${word.at(-1)}`];
  const numbers = [...word.matchAll(/\d+/g)];
  return [`${word}x`, ...numbers.slice(0, 1).map(({ 0: number }) => word.replace(number, `${number}0`))];
}

const SWAPPED: ReadonlySet<string> = new Set(["add_header", "proxy_set_header", "error_page"]);

/** The last values of two neighbours of a kind, each in the other's place. */
function swap(
  one: Statement,
  next: Statement | undefined,
  text: string,
): readonly { readonly span: readonly [number, number]; readonly text: string }[] {
  const kind = one.words[0]?.text ?? "";
  const isPair = next !== undefined && one.within === next.within && one.words.length === next.words.length;
  if (!isPair || !(one.within === "map" || (SWAPPED.has(kind) && next.words[0]?.text === kind))) return [];
  const index = one.within === "map" ? 1 : 2;
  const [a, b] = [one.words[index], next.words[index]];
  if (a === undefined || b === undefined || a.text === b.text) return [];
  const [first, second] = [text.slice(a.start, a.end), text.slice(b.start, b.end)];
  return [{ span: [a.start, b.end], text: `${second}${text.slice(a.end, b.start)}${first}` }];
}
