/** Finds the address that a request came from: the socket's peer, or the last hop in front of a trusted proxy. */
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

export type AddressReader = {
  /**
   * Returns the client's address in canonical form. `X-Forwarded-For` is believed only from a trusted peer, and only up
   * to the last hop that is not trusted itself: what stands left of it was written by the client.
   */
  readonly read: (peer: string | undefined, forwardedFor: string | undefined) => string;
  /** Requests that bore a forwarded header from a peer that is not trusted, since the start. */
  readonly untrustedForwards: () => number;
};

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [Address, number];

/** Hops that are looked at: a chain that is longer was not made by proxies. */
const MAX_HEADER_LENGTH = 2048;

/** Indexes TRUSTED_PROXIES (addresses and CIDR ranges). */
export function trustProxies(trustedProxies: readonly string[]): AddressReader {
  const ranges = trustedProxies.map(parseRange);
  const isTrusted = (address: Address): boolean => ranges.some((range) => contains(range, address));
  let untrusted = 0;
  // Nearly every request comes through one and the same proxy.
  let lastTrusted: string | undefined;
  const trustsPeer = (peer: string): boolean => {
    if (peer === lastTrusted) return true;
    const address = parseHop(peer);
    if (address === undefined || !isTrusted(address)) return false;
    lastTrusted = peer;
    return true;
  };
  return {
    untrustedForwards: () => untrusted,
    read: (peer, forwardedFor) => {
      const own = plainPeer(peer ?? "");
      if (forwardedFor === undefined) return own;
      if (trustsPeer(own)) return lastForeignHop(forwardedFor, isTrusted) ?? own;
      untrusted += 1;
      return own;
    },
  };
}

function lastForeignHop(forwardedFor: string, isTrusted: (address: Address) => boolean): string | undefined {
  const isCut = forwardedFor.length > MAX_HEADER_LENGTH;
  const hops = forwardedFor.slice(-MAX_HEADER_LENGTH).split(",");
  // The cut may have left the tail of an address that reads like another one.
  for (const hop of (isCut ? hops.slice(1) : hops).reverse()) {
    const address = parseHop(hop.trim());
    if (address !== undefined && !isTrusted(address)) return address.toString();
  }
  return undefined;
}

function parseRange(text: string): Range {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

function contains([network, bits]: Range, address: Address): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

/** The kernel writes a peer in one form already; only IPv4 inside IPv6 has two. */
function plainPeer(peer: string): string {
  return peer.startsWith("::ffff:") && peer.includes(".") ? peer.slice(7) : peer;
}

/** Reads an address with or without port and brackets; IPv4 inside IPv6 becomes IPv4. Undefined for anything else. */
function parseHop(text: string): Address | undefined {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  // The library also reads 127.1 and 0x7f.1, which no proxy writes and other parsers read differently.
  return isIP(bare) === 0 ? undefined : ipaddr.process(bare);
}
