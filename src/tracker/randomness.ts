/** The tracker's only source of chance, which is strong enough for ids. */

/** Returns 16 random bits, 0 to 65,535. */
export function random16(): number {
  return crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
}
