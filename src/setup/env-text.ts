/** Puts values into a file of variables that is mostly comments, without touching anything else in it. */
import { PasserbyError } from "../errors.ts";

/** What a value may hold so that shell, Compose and systemd read it alike without quotes. */
const PLAIN = /^[\w.,:/@%+=|*[\]-]*$/;

/** Returns the text with the values in place. Throws `setting_invalid` for a name that the text does not have. */
export function fillEnvText(text: string, values: Readonly<Record<string, string>>): string {
  let filled = text;
  for (const [name, value] of Object.entries(values)) {
    if (!PLAIN.test(value)) {
      throw new PasserbyError("setting_invalid", `${name}=${value} has a character that is not allowed there`);
    }
    const line = new RegExp(`^${name}=.*$`, "m");
    if (!line.test(filled)) throw new PasserbyError("setting_invalid", `the file of variables has no line ${name}=`);
    filled = filled.replace(line, () => `${name}=${value}`);
  }
  return filled;
}
