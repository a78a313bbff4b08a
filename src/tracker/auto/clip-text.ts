/** Cuts text of a page to what an event may hold. */

/** Returns text with its white space made single spaces, at most `length` UTF-16 units long and without half a character. */
export function clipText(text: string, length: number): string {
  return text
    .replace(/\s+/g, " ")
    .trimStart()
    .slice(0, length)
    .replace(/[\ud800-\udbff]$/, "")
    .trimEnd();
}
