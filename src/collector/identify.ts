/**
 * Who a visitor is in mode `daily`: an id that nobody can compute again once the salt of its day is destroyed. The
 * address and the user agent live in this function's locals only.
 */
import { createHmac } from "node:crypto";

/** What an id is made of; two sites never share one. */
export type VisitorTraits = { readonly site: string; readonly address: string; readonly userAgent: string };

/**
 * Returns the visitor id: the first 16 bytes of HMAC-SHA-256 (RFC 2104) under the salt of the UTC day, base64url, 22
 * characters. Each part is prefixed with its length in bytes, so that no two different visitors write the same input.
 */
export function deriveVisitorId(salt: Uint8Array, traits: VisitorTraits): string {
  const hmac = createHmac("sha256", salt);
  const parts = [traits.site, traits.address, traits.userAgent];
  hmac.update(parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join(""));
  return hmac.digest().subarray(0, 16).toString("base64url");
}
