/** Says whether texts are absolute addresses; most are of pages that keep coming, and are not parsed again. */
import { remember } from "../remember.ts";

export type AddressChecks = {
  /** An absolute http or https address. */
  readonly isPage: (text: string) => boolean;
  /** An absolute address of any scheme. */
  readonly isReferrer: (text: string) => boolean;
};

/** Makes the checks. An address with a query, which may be personal, is not remembered. */
export function createAddressChecks(): AddressChecks {
  const options = { capacity: 4096, maxLength: 256, isKept: (isGood: boolean): boolean => isGood };
  const isKnown = remember((text) => URL.canParse(text), options);
  const isReferrer = (text: string): boolean => (text.includes("?") ? URL.canParse(text) : isKnown(text));
  return { isReferrer, isPage: (text) => /^https?:\/\//i.test(text) && isReferrer(text) };
}
