/** What counts as one client's address: an IPv4 address, or the /64 that an IPv6 host picks its addresses from. */

const GROUPS = 8;
const NETWORK_GROUPS = 4;
const WRITTEN_OUT = /^(?:[\da-f]{1,4}:){3}[\da-f]{1,4}(?=:)/i;
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * Returns the network of an address in canonical form: `192.0.2.7` is its own, `2001:db8::1` is in `2001:db8:0:0`, the
 * IPv4-mapped `::ffff:192.0.2.7` is `192.0.2.7`. A /64 is what one household or server gets (RFC 6177, section 2), and
 * its hosts change addresses within it at will (RFC 8981).
 */
export function clientNetwork(address: string): string {
  if (!address.includes(":")) return address;
  return WRITTEN_OUT.exec(address)?.[0] ?? MAPPED.exec(address)?.[1] ?? expand(address);
}

/** Writes out the groups that `::` stands for, as far as they belong to the network. */
function expand(address: string): string {
  const [head = "", tail = ""] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === "" ? [] : tail.split(":");
  // A dotted quad at the end stands for two groups.
  const missing = GROUPS - left.length - right.length - (tail.includes(".") ? 1 : 0);
  const groups = [...left, ...new Array<string>(Math.max(0, missing)).fill("0"), ...right];
  return groups.slice(0, NETWORK_GROUPS).join(":");
}
