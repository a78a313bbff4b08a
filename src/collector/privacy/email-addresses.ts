/** Finds e-mail addresses in a text and replaces them, in time linear in the text. */

const MAX_LOCAL_LENGTH = 64;
const LOCAL_CHARACTER = /[\w.+'-]/;
const DOMAIN = /[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9][a-z0-9-]{0,62}){1,8}/iy;

/**
 * Replaces each e-mail address by what `replace` returns. It goes from `@` to `@`: a pattern that begins with the local
 * part tries 64 characters at every place of a long word, which took 4 ms for 16 KiB.
 */
export function replaceEmails(text: string, replace: () => string): string {
  let out = "";
  let done = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    const start = startOfLocalPart(text, at, done);
    if (start === at || text[at - 1] === ".") continue;
    DOMAIN.lastIndex = at + 1;
    if (!DOMAIN.test(text)) continue;
    out += text.slice(done, start) + replace();
    done = DOMAIN.lastIndex;
  }
  return out + text.slice(done);
}

function startOfLocalPart(text: string, at: number, from: number): number {
  const first = Math.max(from, at - MAX_LOCAL_LENGTH);
  let start = at;
  while (start > first && LOCAL_CHARACTER.test(text[start - 1] ?? "")) start -= 1;
  return start;
}
