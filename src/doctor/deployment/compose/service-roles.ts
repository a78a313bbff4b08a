/** Which service of a compose file does what, by what it runs; a name alone says little in somebody else's file. */
import { InputUnreadable } from "../../input-errors.ts";
import type { ComposeProject } from "../compose-project.ts";
import { readService, type Service } from "./compose-service.ts";

export type Roles = {
  readonly collector: Service | undefined;
  /** Services that run `passerby rotate`; one is right. */
  readonly rotators: readonly Service[];
  /** What browsers reach: a proxy. */
  readonly edge: Service | undefined;
  /** Every service. */
  readonly all: readonly Service[];
};

const PROXY_IMAGE = /(^|[/-])(nginx|openresty|caddy|traefik|haproxy|envoy|angie)([-:@/]|$)/;
const PROXY_NAME = /(edge|nginx|proxy|caddy|traefik|ingress)/;

/** Finds them. */
export function rolesOf(compose: ComposeProject): Roles {
  const all = compose.services.map((name) => readService(compose, name));
  const rotators = all.filter(isRotator);
  const others = all.filter((service) => !rotators.includes(service));
  const collector = best(others, collectorPoints);
  const edge = best(
    others.filter((service) => service !== collector),
    edgePoints,
  );
  return { collector, rotators, edge, all };
}

/** Returns the service that collects. Throws InputUnreadable where there is none. */
export function collectorOf(compose: ComposeProject): Service {
  const { collector } = rolesOf(compose);
  if (collector !== undefined) return collector;
  throw new InputUnreadable(compose.whereIs(["services"]), "no service runs the collector (passerby start)");
}

/** What is like it: collector, rotator and edge, and the name of each. */
export function ownServices({ collector, rotators, edge }: Roles): readonly Service[] {
  return [edge, collector, ...rotators].filter((service) => service !== undefined);
}

/** Says whether a service runs `passerby rotate`, by whatever way. */
function isRotator({ words }: Service): boolean {
  return words.includes("rotate");
}

/** Says whether it is built or pulled as Passerby. */
export function isOurImage({ image = "" }: Service): boolean {
  return /passerby(?!-certbot)/.test(image);
}

function collectorPoints(service: Service): number {
  const { name, words, environment, image = "" } = service;
  const names = [...environment.keys()];
  const points = [
    isOurImage(service) ? 4 : 0,
    words.includes("start") ? 2 : 0,
    words.some((word) => /passerby/.test(word)) ? 4 : 0,
    names.some((variable) => /^(METRICS_(?!ROTATE)|TRUSTED_PROXIES|SNAPSHOT_ACCESS)/.test(variable)) ? 3 : 0,
    name === "collector" ? 3 : 0,
    PROXY_IMAGE.test(image) || names.includes("EDGE_DOMAIN") ? -10 : 0,
  ].reduce((sum, each) => sum + each, 0);
  return points >= 3 ? points : 0;
}

function edgePoints({ name, image = "", environment, ports }: Service): number {
  return [
    PROXY_IMAGE.test(image) ? 4 : 0,
    environment.has("EDGE_DOMAIN") && environment.has("EDGE_COLLECTOR") ? 4 : 0,
    PROXY_NAME.test(name) ? 2 : 0,
    ports.some(({ target }) => target === "443" || target === "80") ? 2 : 0,
  ].reduce((sum, each) => sum + each, 0);
}

function best(services: readonly Service[], points: (service: Service) => number): Service | undefined {
  const [first] = services
    .map((service) => ({ service, value: points(service) }))
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value);
  return first?.service;
}
