/** Times and sizes as Docker writes them. */

/** Seconds of a time, `1m30s`. */
export function secondsOf(duration: string): number {
  const units: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3_600 };
  return [...duration.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h)/g)].reduce(
    (sum, [, figure = "0", unit = "s"]) => sum + Number(figure) * (units[unit] ?? 1),
    0,
  );
}

/** Bytes of a size as Docker writes it, `512m`. */
export function bytesOf(size: string): number {
  const [, figure = "0", unit = ""] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)b?$/i.exec(size) ?? [];
  return Number(figure) * 1024 ** ["", "k", "m", "g", "t"].indexOf(unit.toLowerCase());
}
