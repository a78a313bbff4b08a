/** The words of a command: of a list as they are, of a text as a shell would part them. */

/** Parts a text into words; quotes hold words together. What a shell would put in for `$X` stays as it is written. */
export function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const [, single, double, escaped, space, other] of text.matchAll(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\([\s\S])|(\s+)|([^\s'"\\]+|['"\\])/g,
  )) {
    if (space !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ""}${single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? other ?? ""}`;
  }
  return word === undefined ? words : [...words, word];
}

/** Words of a command of a compose file: a list, a text, or nothing. */
export function commandWords(value: unknown): readonly string[] | undefined {
  if (Array.isArray(value)) return value.map((word: unknown) => String(word ?? ""));
  return typeof value === "string" ? splitWords(value) : undefined;
}

/** A shell that runs a text: what follows `-c` is a command of its own. The last command of it counts, which stays. */
export function withoutShell(words: readonly string[]): readonly string[] {
  const [program = "", flag = "", text] = words;
  if (!/(^|\/)(ba|da|z|a)?sh$/.test(program) || !/^-\w*c$/.test(flag) || text === undefined) return words;
  const last = text.split(/&&|;|\n/).findLast((part) => part.trim() !== "");
  return splitWords(last?.trim().replace(/^exec\s+/, "") ?? "");
}
