/** What the collector is set to, for the head of a report: what was given, with the place, and secrets masked. */
import { SETTINGS } from "../../config.ts";
import { InputUnreadable } from "../input-errors.ts";
import type { Given } from "../inputs.ts";

export type EffectiveSetting = { readonly variable: string; readonly value: string; readonly where: string };

const SECRET = /KEY|SECRET|TOKEN|PASSWORD|SALT/;

/** The settings that somebody gave; all others are at their default. Empty where none can be read: a check says why. */
export async function readEffective(given: Given): Promise<readonly EffectiveSetting[]> {
  try {
    const found = await given.may("settings");
    if (found === undefined) return [];
    return Object.values(SETTINGS).flatMap(({ variable, fallback }) => {
      const value = found.values.get(variable);
      if (value === undefined || value === "" || value === fallback) return [];
      return [{ variable, value: maskValue(variable, value), where: found.whereIs(variable) }];
    });
  } catch (error) {
    if (error instanceof InputUnreadable) return [];
    throw error;
  }
}

/** The value, or dots where its name says that it is a secret; passwords in addresses are masked, too. */
export function maskValue(variable: string, value: string): string {
  return SECRET.test(variable) ? "•••" : value.replace(/(:\/\/[^/\s:@]*):[^/\s@]+@/g, "$1:•••@");
}
