/** The service of a compose file that runs nginx: what is mounted into it and which variables it gets. */
import { dirname, resolve } from "node:path";
import { environmentOf } from "../deployment/collector-settings.ts";
import type { ComposeProject } from "../deployment/compose-project.ts";

export type EdgeService = {
  readonly name: string;
  /** Files and folders of this machine by their path in the container. */
  readonly mounts: ReadonlyMap<string, string>;
  /** Every path in the container that something is mounted at, secrets and volumes with a name included; a tmpfs is empty. */
  readonly targets: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
};

const NGINX_IMAGE = /(?:^|[/_-])(?:nginx|openresty|angie)(?:[:@/_-]|$)/i;
const USUAL_NAME = /^(?:edge|nginx|proxy|reverse-proxy|web)$/i;

/** Finds it: the service that mounts this configuration, or else the one of nginx's image, or else one of a usual name. */
export function findEdgeService(compose: ComposeProject, configPath: string): EdgeService | undefined {
  const services = compose.services.map((name) => ({ name, mounts: mountsOf(compose, name) }));
  const config = resolve(configPath);
  const mounting = services.find(({ mounts }) =>
    [...mounts.values()].some((host) => host === config || config.startsWith(`${host}/`)),
  );
  const byImage = services.find(({ name }) => NGINX_IMAGE.test(String(compose.valueAt(["services", name, "image"]))));
  const found = mounting ?? byImage ?? services.find(({ name }) => USUAL_NAME.test(name));
  if (found === undefined) return undefined;
  return { ...found, targets: targetsOf(compose, found.name), environment: environmentOf(compose, found.name) };
}

function listAt(compose: ComposeProject, service: string, key: string): readonly unknown[] {
  const value = compose.valueAt(["services", service, key]);
  return Array.isArray(value) ? value : [];
}

function targetsOf(compose: ComposeProject, service: string): readonly string[] {
  const volumes = listAt(compose, service, "volumes").flatMap((volume) => sourceAndTarget(volume)[1] ?? []);
  const files = [...listAt(compose, service, "secrets"), ...listAt(compose, service, "configs")].flatMap((one) => {
    if (typeof one === "string") return [`/run/secrets/${one}`, `/${one}`];
    const [source, target] = sourceAndTarget(one);
    if (target?.startsWith("/")) return [target];
    return [`/run/secrets/${target ?? source ?? ""}`];
  });
  return [...volumes, ...files].filter((path) => path !== "").map((path) => path.replace(/\/$/, ""));
}

/** In the short form, `./edge:/etc/nginx:ro`, or the long one. Volumes that have a name are no files of the owner's. */
function mountsOf(compose: ComposeProject, service: string): ReadonlyMap<string, string> {
  const pairs = listAt(compose, service, "volumes").flatMap((volume): [string, string][] => {
    const [source, target] = sourceAndTarget(volume);
    if (source === undefined || target === undefined || !/^[./~]/.test(source)) return [];
    return [[target.replace(/\/$/, ""), resolve(dirname(compose.path), source)]];
  });
  return new Map(pairs);
}

function sourceAndTarget(volume: unknown): readonly (string | undefined)[] {
  if (typeof volume === "string") return volume.split(":").slice(0, 2);
  if (typeof volume !== "object" || volume === null) return [];
  const text = (key: string): string | undefined => {
    const value: unknown = Reflect.get(volume, key);
    return typeof value === "string" ? value : undefined;
  };
  return [text("source") ?? text("src"), text("target") ?? text("dst") ?? text("destination")];
}
