/** Fixed addresses of a compose file: in their networks' ranges, and each given once. */
import ipaddr from "ipaddr.js";
import type { Evidence } from "../../check.ts";
import { isRecord } from "../../probe/json-values.ts";
import type { ComposeProject } from "../compose-project.ts";
import { asArray, asText, type Service } from "./compose-service.ts";

/** An address or a range of addresses, parsed. */
export type AddressRange = { readonly address: ipaddr.IPv4 | ipaddr.IPv6; readonly prefix: number };

/** Reads an address, or a range in CIDR form; undefined where it is neither. */
export function readRange(text: string): AddressRange | undefined {
  if (ipaddr.isValid(text)) {
    const address = ipaddr.process(text);
    return { address, prefix: address.kind() === "ipv4" ? 32 : 128 };
  }
  if (!ipaddr.isValidCIDR(text)) return undefined;
  const [address, prefix] = ipaddr.parseCIDR(text);
  return { address, prefix };
}

/** Says whether all of the second range is in the first one. */
export function contains(outer: AddressRange, inner: AddressRange): boolean {
  return (
    outer.address.kind() === inner.address.kind() &&
    outer.prefix <= inner.prefix &&
    inner.address.match(outer.address, outer.prefix)
  );
}

/** Ranges that a network of the compose file is given; none where Docker chooses. */
export function subnetsOf(compose: ComposeProject, network: string): readonly AddressRange[] {
  return asArray(compose.valueAt(["networks", network, "ipam", "config"]))
    .map((config) => (isRecord(config) ? readRange(asText(config["subnet"]) ?? "") : undefined))
    .filter((range) => range !== undefined);
}

/** Lists what is wrong with the addresses of all services. */
export function wrongAddresses(compose: ComposeProject, services: readonly Service[]): readonly Evidence[] {
  const fixed = services.flatMap((service) =>
    [...service.networks].flatMap(([network, { addresses }]) =>
      addresses.map((text) => ({ service, network, text, where: service.where("networks", network) })),
    ),
  );
  return [
    ...unreadableSubnets(compose),
    ...fixed.flatMap(({ service, network, text, where }, index) => {
      const evidence = { what: `address of ${service.name} in ${network}`, found: text, where };
      const range = readRange(text);
      if (range === undefined) return [{ ...evidence, what: `${evidence.what} (is no address)` }];
      if (fixed.findIndex((other) => other.text === text) < index) {
        return [{ ...evidence, what: `${evidence.what} (given twice)` }];
      }
      const subnets = subnetsOf(compose, network);
      if (subnets.length === 0) return [{ ...evidence, what: `${evidence.what} (the network needs a subnet for it)` }];
      if (!subnets.some((subnet) => contains(subnet, range))) {
        return [{ ...evidence, what: `${evidence.what} (outside its subnet)` }];
      }
      return subnets.some((subnet) => isReserved(subnet, text))
        ? [{ ...evidence, what: `${evidence.what} (the first addresses are the network's own and Docker's)` }]
        : [];
    }),
  ];
}

function unreadableSubnets(compose: ComposeProject): readonly Evidence[] {
  const networks = compose.valueAt(["networks"]);
  return (isRecord(networks) ? Object.keys(networks) : []).flatMap((network) =>
    asArray(compose.valueAt(["networks", network, "ipam", "config"])).flatMap((config, index) => {
      const path = ["networks", network, "ipam", "config", index];
      const subnet = isRecord(config) ? asText(config["subnet"]) : undefined;
      const problem = subnet === undefined ? undefined : subnetProblem(subnet);
      if (problem === undefined) return [];
      return [{ what: `subnet of ${network} (${problem})`, found: subnet ?? "", where: compose.whereIs(path) }];
    }),
  );
}

/** No network of containers is larger; what is, takes the routes of the machine with it. */
const WIDEST_PREFIX = 8;

function subnetProblem(subnet: string): string | undefined {
  if (!ipaddr.isValidCIDR(subnet)) return "is no range";
  const [address, prefix] = ipaddr.parseCIDR(subnet);
  if (prefix < WIDEST_PREFIX) return "takes in half of the internet";
  if (address.kind() !== "ipv4") return undefined;
  const own = ipaddr.IPv4.networkAddressFromCIDR(subnet).toString();
  return own === address.toString() ? undefined : `does not begin at its first address, ${own}`;
}

/** The network's own address, and the first one after it, which Docker takes for itself. */
function isReserved({ address, prefix }: AddressRange, text: string): boolean {
  if (address.kind() !== "ipv4") return false;
  const own = ipaddr.IPv4.networkAddressFromCIDR(`${address.toString()}/${prefix}`).toByteArray();
  const last = Number(own.at(-1));
  const asked = ipaddr.process(text).toByteArray();
  return own.slice(0, -1).join() === asked.slice(0, -1).join() && [last, last + 1].includes(Number(asked.at(-1)));
}
