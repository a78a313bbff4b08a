/** Sizes, times and rates as nginx writes them (ngx_parse.c, ngx_http_limit_req_module.c). */

const SIZES: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Bytes of `64k`; undefined for what is no size. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d+)([kmg]?)$/i.exec(text) ?? [];
  const factor = SIZES[unit.toLowerCase()];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

const TIMES: Readonly<Record<string, number>> = {
  ...{ ms: 1, s: 1000, "": 1000, m: 60_000, h: 3_600_000, d: 86_400_000 },
  ...{ w: 7 * 86_400_000, M: 30 * 86_400_000, y: 365 * 86_400_000 },
};
/** Units go from large to small, each once. */
const TIME = /^(\d+y)?\s*(\d+M)?\s*(\d+w)?\s*(\d+d)?\s*(\d+h)?\s*(\d+m(?!s))?\s*(\d+s)?\s*(\d+ms)?\s*(\d+)?$/;

/** Milliseconds of `1h 30m` or `10s`; undefined for what is no time. */
export function parseTimeMs(text: string): number | undefined {
  if (text === "" || !TIME.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)(ms|[yMwdhms])?/g)];
  return parts.reduce((sum, [, digits, unit = ""]) => sum + Number(digits) * (TIMES[unit] ?? 0), 0);
}

/** Requests a second of `5r/s` or `30r/m`; undefined for what nginx refuses, such as `1r/h`. */
export function parseRate(text: string): number | undefined {
  const [, digits, unit] = /^(\d+)r\/([sm])$/.exec(text) ?? [];
  if (digits === undefined || Number(digits) <= 0) return undefined;
  return Number(digits) / (unit === "m" ? 60 : 1);
}

/** The value of `name=value` among arguments. */
export function optionOf(args: readonly string[], name: string): string | undefined {
  return args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1);
}
