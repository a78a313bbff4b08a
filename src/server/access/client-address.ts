/** Finds the address that a request came from: the socket's peer, or the last hop in front of a trusted proxy. */
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

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Indexes TRUSTED_PROXIES (addresses and CIDR ranges). */
export function trustProxies(trustedProxies: readonly string[]): AddressReader {
  const ranges = trustedProxies.map(parseRange);
  const isTrusted = (address: string): boolean =>
    ipaddr.isValid(address) && ranges.some((range) => contains(range, address));
  let untrusted = 0;
  return {
    untrustedForwards: () => untrusted,
    read: (peer, forwardedFor) => {
      const own = plainPeer(peer ?? "");
      if (forwardedFor === undefined) return own;
      if (!isTrusted(own)) {
        untrusted += 1;
        return own;
      }
      const hops = forwardedFor
        .slice(0, 2048)
        .split(",")
        .map((hop) => canonical(hop.trim()));
      return hops.findLast((hop) => ipaddr.isValid(hop) && !isTrusted(hop)) ?? own;
    },
  };
}

function parseRange(text: string): Range {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

function contains([network, bits]: Range, text: string): boolean {
  const address = ipaddr.process(text);
  return address.kind() === network.kind() && address.match(network, bits);
}

/** The kernel writes a peer in one form already; only IPv4 inside IPv6 has two. */
function plainPeer(peer: string): string {
  return peer.startsWith("::ffff:") && peer.includes(".") ? peer.slice(7) : peer;
}

/** Strips a port and brackets, unmaps IPv4 from IPv6, and writes IPv6 in one form. */
function canonical(text: string): string {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  return ipaddr.isValid(bare) ? ipaddr.process(bare).toString() : bare;
}
