/** Finds the address that a request came from: the socket's peer, or the last hop in front of a trusted proxy. */
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import type { Clock } from "../../clock.ts";

/** Headers in which proxies name their client; only the first is ever believed, the others only tell of a proxy. */
const FORWARDED_HEADERS = ["x-forwarded-for", "forwarded", "x-real-ip"] as const;

/** The headers of a request, as node:http gives them, as far as they name a client. */
export type ForwardedHeaders = {
  readonly [Name in (typeof FORWARDED_HEADERS)[number]]?: string | readonly string[] | undefined;
};

export type AddressReader = {
  /**
   * Returns the client's address in canonical form. `X-Forwarded-For` is believed only from a trusted peer, and read
   * from the right: each trusted hop vouches for the one left of it, and what stands left of the first that is not
   * trusted was written by the client.
   */
  readonly read: (peer: string | undefined, headers: ForwardedHeaders) => string;
  /** Requests that bore a forwarded header from a peer that is not trusted, since the start. */
  readonly untrustedForwards: () => number;
};

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** An address in canonical form; `ipv4` is the 32-bit number of an IPv4 one. */
type Hop = { readonly text: string; readonly ipv4: number | undefined };
type Range = readonly [Address, number];

/** Bytes of the header that are looked at, from the right: a chain that is longer was not made by proxies. */
const MAX_HEADER_LENGTH = 2048;
const WARNING_INTERVAL_MS = 60_000;

/** Indexes TRUSTED_PROXIES (addresses and CIDR ranges). Warns of forwarded headers from others, once a minute at most. */
export function trustProxies(
  trustedProxies: readonly string[],
  { clock, onWarning }: { readonly clock: Clock; readonly onWarning: (message: string) => void },
): AddressReader {
  const ranges = trustedProxies.map(parseRange);
  const isTrusted = trustOf(ranges);
  let untrusted = 0;
  let warnedAtMs = Number.NEGATIVE_INFINITY;
  const noteUntrusted = (): void => {
    untrusted += 1;
    if (clock.monotonicMs() - warnedAtMs < WARNING_INTERVAL_MS) return;
    warnedAtMs = clock.monotonicMs();
    onWarning(
      `${untrusted} ${untrusted === 1 ? "request" : "requests"} since the start bore a forwarded header from a proxy that TRUSTED_PROXIES does not name: ` +
        "behind it, all visitors look like one",
    );
  };
  // Nearly every request comes through one and the same proxy.
  let lastTrusted: string | undefined;
  const trustsPeer = (peer: string): boolean => {
    if (peer === lastTrusted) return true;
    const address = readHop(peer);
    if (address === undefined || !isTrusted(address)) return false;
    lastTrusted = peer;
    return true;
  };
  return {
    untrustedForwards: () => untrusted,
    read: (peer, headers) => {
      const own = plainPeer(peer ?? "");
      if (FORWARDED_HEADERS.every((name) => headers[name] === undefined)) return own;
      if (!trustsPeer(own)) {
        noteUntrusted();
        return own;
      }
      const chain = headers["x-forwarded-for"];
      return chain === undefined ? own : firstUntrustedHop(String(chain), own, isTrusted);
    },
  };
}

function firstUntrustedHop(chain: string, peer: string, isTrusted: (hop: Hop) => boolean): string {
  const isCut = chain.length > MAX_HEADER_LENGTH;
  const hops = chain.slice(-MAX_HEADER_LENGTH).split(",");
  let vouchedFor = peer;
  // The cut may have left the tail of an address that reads like another one.
  for (const hop of (isCut ? hops.slice(1) : hops).reverse()) {
    const address = readHop(hop.trim());
    // A proxy that did not know its client vouches for nothing that stands left of it.
    if (address === undefined) return vouchedFor;
    vouchedFor = address.text;
    if (!isTrusted(address)) return vouchedFor;
  }
  return vouchedFor;
}

/** Says of a hop whether one of the ranges holds it; comparing numbers, since most hops are IPv4 and every event has one. */
function trustOf(ranges: readonly Range[]): (hop: Hop) => boolean {
  const narrow = ranges.flatMap(([network, bits]) =>
    network.kind() === "ipv4" ? [{ network: numberOf(network.toString()), shift: 32 - bits }] : [],
  );
  const isInside = (ipv4: number, { network, shift }: (typeof narrow)[number]): boolean =>
    shift === 32 || ipv4 >>> shift === network >>> shift;
  return ({ text, ipv4 }) => {
    if (ipv4 !== undefined) return narrow.some((range) => isInside(ipv4, range));
    const address = ipaddr.parse(text);
    return ranges.some((range) => contains(range, address));
  };
}

function readHop(text: string): Hop | undefined {
  // What isIP calls IPv4 is in canonical form: four numbers without leading zeros.
  if (isIP(text) === 4) return { text, ipv4: numberOf(text) };
  const address = parseHop(text);
  if (address === undefined) return undefined;
  const canonical = address.toString();
  return { text: canonical, ipv4: address.kind() === "ipv4" ? numberOf(canonical) : undefined };
}

function numberOf(ipv4: string): number {
  let number = 0;
  let part = 0;
  for (let index = 0; index < ipv4.length; index++) {
    const code = ipv4.charCodeAt(index);
    if (code === 0x2e) {
      number = (number << 8) | part;
      part = 0;
    } else part = part * 10 + code - 0x30;
  }
  return ((number << 8) | part) >>> 0;
}

function parseRange(text: string): Range {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

function contains([network, bits]: Range, address: Address): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

/** The kernel writes a peer in one form already; only IPv4 inside IPv6 has two, and a link-local one names its interface. */
function plainPeer(peer: string): string {
  const bare = withoutZone(peer);
  return bare.startsWith("::ffff:") && bare.includes(".") ? bare.slice(7) : bare;
}

/** Reads an address with or without port and brackets; IPv4 inside IPv6 becomes IPv4. Undefined for anything else. */
function parseHop(text: string): Address | undefined {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  // The library also reads 127.1 and 0x7f.1, which no proxy writes and other parsers read differently.
  return isIP(bare) === 0 ? undefined : ipaddr.process(withoutZone(bare));
}

/** A zone id (RFC 4007, section 11) says which interface an address was seen on, which is nothing about its owner. */
function withoutZone(address: string): string {
  const zone = address.indexOf("%");
  return zone < 0 ? address : address.slice(0, zone);
}
