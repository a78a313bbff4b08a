/** A regular expression in place of a comparison, which nginx has none of: decimal numbers below another. */

/** Any number of that many digits. */
function digits(count: number): string {
  if (count === 0) return "";
  return count === 1 ? "[0-9]" : `[0-9]{${count}}`;
}

/** One digit from `least` up to, and without, `end`; undefined where there is none. */
function digitBelow(least: number, end: number): string | undefined {
  if (end <= least) return undefined;
  return end - 1 === least ? String(least) : `[${least}-${end - 1}]`;
}

/**
 * Returns an alternation that matches, between whatever stands around it, exactly the whole numbers from 0 to `end` - 1,
 * written without leading zeros; `end` is at least 1. A number below another has fewer digits, or has the same ones up to
 * a digit that is smaller.
 */
export function numbersBelow(end: number): string {
  const text = String(end);
  const sameLength = [...text].flatMap((digit, index) => {
    // Only 0 itself begins with a 0.
    const below = digitBelow(index === 0 && text.length > 1 ? 1 : 0, Number(digit));
    return below === undefined ? [] : [text.slice(0, index) + below + digits(text.length - index - 1)];
  });
  const most = text.length - 1;
  const fewer = most === 0 ? [] : [most === 1 ? "[0-9]" : `0|[1-9][0-9]{0,${most - 1}}`];
  return [...fewer, ...sameLength].join("|");
}
