/** What the checks of exposure find out: who can reach the collector, and whom it believes about addresses. */
import { type Evidence, type Finding, fail, pass, skip, warn } from "../../check.ts";
import type { Given } from "../../inputs.ts";
import type { PublishedPort, Service } from "../compose/compose-service.ts";
import { type AddressRange, contains, readRange, subnetsOf } from "../compose/network-addresses.ts";
import { collectorOf, ownServices, rolesOf } from "../compose/service-roles.ts";
import type { ComposeProject } from "../compose-project.ts";

/** Says whether a port can be reached from other machines. */
function isOpen({ hostIp }: PublishedPort): boolean {
  return !/^(127\.|\[?::1\]?$|localhost$)/.test(hostIp);
}

function portEvidence(service: Service): (port: PublishedPort) => Evidence {
  return ({ written, where }) => ({ what: `ports of ${service.name}`, found: written, where });
}

/** Is the collector behind the edge only? */
export async function judgeCollectorHidden(given: Given): Promise<Finding> {
  const compose = await given.need("compose");
  const collector = collectorOf(compose);
  const { edge } = rolesOf(compose);
  if (collector.networkMode === "host") {
    const evidence = {
      what: `network_mode of ${collector.name}`,
      found: "host",
      where: collector.where("network_mode"),
    };
    return fail([evidence], {
      text: "The collector listens on every address of the machine. Give it a network of the compose file.",
    });
  }
  const open = collector.ports.filter(isOpen).map(portEvidence(collector));
  if (open.length === 0)
    return pass({ what: `ports of ${collector.name}`, found: "none to other machines", where: collector.where() });
  const text =
    edge === undefined
      ? "Put an edge in front, which has TLS"
      : "It goes past the edge: no TLS, no limits, and addresses as the client likes";
  return fail(open, { text: `${text}. Take the port out, or publish it on 127.0.0.1 only.` });
}

/** Does nobody but the edge listen to the world? */
export async function judgeOnlyEdge(given: Given): Promise<Finding> {
  const compose = await given.need("compose");
  const { all, collector, edge } = rolesOf(compose);
  // The collector has a check of its own; a service without relation to it may be what it likes, but not the monitoring.
  const others = all.filter((service) => service !== edge && service !== collector);
  const open = others.flatMap((service) => service.ports.filter(isOpen).map(portEvidence(service)));
  if (open.length === 0)
    return pass({ what: "services with ports", found: edge?.name ?? "(none)", where: compose.path });
  return warn(open, {
    text: "The world can reach it, past the firewall too: Docker opens published ports by itself. Publish it on 127.0.0.1 only, or not at all.",
  });
}

/** Can browsers reach the edge? */
export async function judgeEdgePublished(given: Given): Promise<Finding> {
  const compose = await given.need("compose");
  const { edge } = rolesOf(compose);
  if (edge === undefined) return skip("the compose file has no edge: something else stands in front");
  const evidence = edge.ports.map(portEvidence(edge));
  const none = [
    {
      what: `ports of ${edge.name}`,
      found: evidence.map(({ found }) => found).join(", ") || "(none)",
      where: edge.where("ports"),
    },
  ];
  if (edge.networkMode === "host")
    return pass({ what: `network_mode of ${edge.name}`, found: "host", where: edge.where("network_mode") });
  const leadsTo = (from: string, to: string): boolean =>
    edge.ports.some(({ published, target, protocol }) => published === from && target === to && protocol === "tcp");
  const https = edge.environment.get("EDGE_HTTPS_PORT") || "443";
  const http = edge.environment.get("EDGE_HTTP_PORT") || "80";
  const publicPort = edge.environment.get("EDGE_PUBLIC_PORT") || "443";
  if (!leadsTo(publicPort, https)) {
    return fail(none, { text: `Browsers find nobody at port ${publicPort}. Add to ports: "${publicPort}:${https}".` });
  }
  const isInside = [...edge.networks.keys()].every((network) => isInternal(compose, network));
  if (isInside) {
    const found = [...edge.networks.keys()].join(", ");
    return fail([{ what: `networks of ${edge.name}, all internal`, found, where: edge.where("networks") }], {
      text: "Docker publishes no port of a container that is in internal networks only. Put the edge into one that is not.",
    });
  }
  if (leadsTo("80", http)) return pass(...evidence);
  return warn(none, {
    text: `Who comes by http:// is not sent on to https://, and HTTP-01 finds nobody. Add to ports: "80:${http}".`,
  });
}

function isInternal(compose: ComposeProject, network: string): boolean {
  const value = compose.valueAt(["networks", network, "internal"]);
  return value === true || value === "true";
}

/** Can collector and rotator reach nothing outside? */
export async function judgeInternal(given: Given): Promise<Finding> {
  const compose = await given.need("compose");
  const roles = rolesOf(compose);
  const inner = ownServices(roles).filter((service) => service !== roles.edge);
  const open = inner.flatMap((service) => {
    if (service.networkMode !== undefined && service.networkMode !== "none") {
      return [
        { what: `network_mode of ${service.name}`, found: service.networkMode, where: service.where("network_mode") },
      ];
    }
    return [...service.networks.keys()]
      .filter((network) => !isInternal(compose, network))
      .map((network) => ({
        what: `${service.name} is in a network that is not internal`,
        found: network,
        where: network === "default" ? service.where() : compose.whereIs(["networks", network]),
      }));
  });
  if (open.length === 0)
    return pass({ what: "networks of collector and rotator", found: "internal", where: compose.path });
  return warn(open, {
    text: "They call nobody, and who breaks into one could call anybody. Write internal: true for the network, and network_mode: none for the rotator.",
  });
}

/** Do edge and collector share a network? */
export async function judgeConnected(given: Given): Promise<Finding> {
  const compose = await given.need("compose");
  const collector = collectorOf(compose);
  const { edge } = rolesOf(compose);
  if (edge === undefined) return skip("the compose file has no edge: something else stands in front");
  const evidence = [edge, collector].map((service) => ({
    what: `networks of ${service.name}`,
    found: [...service.networks.keys()].join(", ") || `network_mode ${service.networkMode}`,
    where: service.where("networks"),
  }));
  const isShared = [...edge.networks.keys()].some((network) => collector.networks.has(network));
  if (isShared || edge.networkMode === "host") return pass(...evidence);
  return fail(evidence, { text: "The edge cannot reach the collector. Put both into one internal network." });
}

const PROXIES = "TRUSTED_PROXIES";
/** Wider than this and others than the proxy are believed, too. */
const WIDE_PREFIX: Readonly<Record<"ipv4" | "ipv6", number>> = { ipv4: 16, ipv6: 48 };

/** Does the collector believe the edge about who a visitor is? */
export async function judgeProxyNamed(given: Given): Promise<Finding> {
  const { settings, whereIs } = await given.need("settings");
  const compose = await given.may("compose");
  const proxies = settings.trustedProxies.map(readRange).filter((range) => range !== undefined);
  const evidence = { what: PROXIES, found: settings.trustedProxies.join(",") || "(none)", where: whereIs(PROXIES) };
  const edge = compose === undefined ? undefined : rolesOf(compose).edge;
  if (compose === undefined || edge === undefined) {
    if (proxies.length > 0) return pass(evidence);
    return warn([evidence], {
      text: `If a proxy stands in front, all visitors look like one. Set ${PROXIES} to its address, such as 127.0.0.1,::1.`,
    });
  }
  const addresses = sharedAddresses(compose, edge);
  const shown = addresses.map(({ text, where }) => ({ what: `address of ${edge.name}`, found: text, where }));
  const isNamed = addresses.some(({ range }) => proxies.some((proxy) => contains(proxy, range)));
  if (addresses.length === 0 ? proxies.length > 0 : isNamed) return pass(evidence, ...shown);
  const wanted = addresses[0]?.text ?? "the subnet of the network that it shares with the edge";
  return fail([evidence, ...shown], {
    text: `The collector does not believe the edge, so all visitors look like one and share one rate limit. Set ${PROXIES} to ${wanted}.`,
  });
}

type Address = { readonly text: string; readonly range: AddressRange; readonly where: string };

/** Fixed addresses of the edge where the collector is; without one the subnets. */
function sharedAddresses(compose: ComposeProject, edge: Service): readonly Address[] {
  const { networks } = collectorOf(compose);
  const shared = [...edge.networks].filter(([network]) => networks.has(network));
  return shared.flatMap(([network, { addresses }]) => {
    const where = edge.where("networks", network);
    const fixed = addresses.flatMap((text) => {
      const range = readRange(text);
      return range === undefined ? [] : [{ text, range, where }];
    });
    const subnets = subnetsOf(compose, network).map((range) => ({
      text: `${range.address}/${range.prefix}`,
      range,
      where,
    }));
    return fixed.length > 0 ? fixed : subnets;
  });
}

/** Does it believe nobody else? */
export async function judgeProxyNarrow(given: Given): Promise<Finding> {
  const { settings, whereIs } = await given.need("settings");
  const compose = await given.may("compose");
  const edge = compose === undefined ? undefined : rolesOf(compose).edge;
  const own = compose === undefined || edge === undefined ? [] : ownRanges(compose, edge);
  const where = whereIs(PROXIES);
  const judged = settings.trustedProxies.map((text) => {
    const range = readRange(text);
    const isOutside = range !== undefined && own.length > 0 && !own.some((one) => contains(one, range));
    const isWide = range !== undefined && range.prefix < WIDE_PREFIX[range.address.kind()];
    return { evidence: { what: PROXIES, found: text, where }, isOutside, isWide };
  });
  const text =
    "Whoever is in that range says by a header who a visitor is, and so goes past the rate limit. Name the address of the edge alone.";
  const wide = judged.filter(({ isWide }) => isWide).map(({ evidence }) => evidence);
  if (wide.length > 0) return fail(wide, { text });
  const outside = judged.filter(({ isOutside }) => isOutside).map(({ evidence }) => evidence);
  if (outside.length > 0) return warn(outside, { text });
  return pass({ what: PROXIES, found: settings.trustedProxies.join(",") || "(none)", where });
}

function ownRanges(compose: ComposeProject, edge: Service): readonly AddressRange[] {
  const { networks } = collectorOf(compose);
  return [...edge.networks.keys()]
    .filter((network) => networks.has(network))
    .flatMap((network) => subnetsOf(compose, network));
}

const ADMIN = "METRICS_ADMIN_LISTEN";

/** Are the figures for Prometheus seen by the monitoring only? */
export async function judgeAdmin(given: Given): Promise<Finding> {
  const { settings, values, whereIs } = await given.need("settings");
  const compose = await given.may("compose");
  const { adminListen } = settings;
  const evidence = { what: ADMIN, found: values.get(ADMIN) || "(none): 127.0.0.1:9464", where: whereIs(ADMIN) };
  if (adminListen === null) return pass(evidence);
  const collector = compose === undefined ? undefined : collectorOf(compose);
  const published = collector?.ports.filter((port) => port.target === String(adminListen.port) && isOpen(port)) ?? [];
  if (collector !== undefined && published.length > 0) {
    return fail([evidence, ...published.map(portEvidence(collector))], {
      text: "The world can read the figures. Take the port out.",
    });
  }
  if (/^(0\.0\.0\.0|::)$/.test(adminListen.host)) {
    return warn([evidence], {
      text: "It listens on every address, so the edge and every neighbour can read the figures. Name the address in the monitoring network.",
    });
  }
  if (compose === undefined || collector === undefined) return pass(evidence);
  if (adminListen.host.startsWith("127.") && collector.networkMode === undefined) {
    return warn([evidence], {
      text: `In its container nobody else reaches 127.0.0.1, so no Prometheus can ask. Give ${ADMIN} the collector's address in a network for the monitoring, or off.`,
    });
  }
  return judgeAdminAddress(compose, collector, { host: adminListen.host, evidence });
}

function judgeAdminAddress(
  compose: ComposeProject,
  collector: Service,
  { host, evidence }: { readonly host: string; readonly evidence: Evidence },
): Finding {
  const owning = [...collector.networks].filter(([, { addresses }]) => addresses.includes(host));
  const hasFixed = [...collector.networks.values()].some(({ addresses }) => addresses.length > 0);
  if (owning.length === 0 && hasFixed) {
    return fail([evidence], {
      text: "The collector has no such address, and does not start. Give the one that it has in the monitoring network.",
    });
  }
  const { edge } = rolesOf(compose);
  const shared = owning.find(([network]) => edge?.networks.has(network));
  if (shared === undefined) return pass(evidence);
  return warn([evidence], {
    text: `The edge is in ${shared[0]}, too. Give the address in a network for the monitoring alone.`,
  });
}
