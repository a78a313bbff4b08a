/** Reads how long something is to last, as it is typed at a terminal. */
import { PasserbyError } from "../src/errors.ts";

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Returns the milliseconds of `30m`, `2h` or `1d`. Throws `setting_invalid` with the flag's name for anything else. */
export function parseDuration(flag: string, text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,4})([smhd])$/.exec(text) ?? [];
  const unitMs = unit === "s" || unit === "m" || unit === "h" || unit === "d" ? UNIT_MS[unit] : 0;
  if (Number(count) > 0 && unitMs > 0) return Number(count) * unitMs;
  throw new PasserbyError(
    "setting_invalid",
    `${flag} ${text} is not allowed: give seconds, minutes, hours or days, such as 90s, 30m, 2h or 1d`,
  );
}
