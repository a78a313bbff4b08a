/** The name that somebody may have meant: for messages about a name that nobody knows. */

/** Returns the known name that is nearest, and how many letters have to change for it; undefined where none is known. */
export function nearestName(
  name: string,
  known: readonly string[],
): { readonly name: string; readonly distance: number } | undefined {
  const scored = known.map((candidate) => ({ name: candidate, distance: editDistance(name, candidate) }));
  return scored.sort((a, b) => a.distance - b.distance)[0];
}

/** Levenshtein distance by rows. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
