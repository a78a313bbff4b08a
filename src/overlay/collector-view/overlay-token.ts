/** The owner's token for reading whole events: kept in this tab only, and sent in a header, never in an address. */

const KEY = "passerby-overlay-token";

/** Returns the token of this tab, or undefined; none also where storage is blocked. */
export function readToken(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a token for this tab, or forgets it. Returns false where the browser does not let us. */
export function keepToken(token: string | undefined): boolean {
  try {
    if (token === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
    return true;
  } catch {
    return false;
  }
}
