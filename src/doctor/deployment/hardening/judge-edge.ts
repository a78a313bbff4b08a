/** What the checks of the edge's service find out: that it can start, with all that it is made of. */
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Mount, Service } from "../compose/compose-service.ts";
import { eachService, type Judged, judged } from "./service-rule.ts";

type Run = ReturnType<typeof eachService>;

/** Can an unprivileged edge listen on 80 and 443? */
export const judgeLowPorts: Run = eachService({
  scope: "edge",
  judge: (service) => {
    const key = "net.ipv4.ip_unprivileged_port_start";
    const value = service.text("sysctls", key);
    const user = service.text("user") ?? "root";
    const mayAlways = /^(root|0)(:|$)/.test(user) || service.list("cap_add").length > 0;
    if (value === undefined || mayAlways) return [judged("pass", service, ["sysctls"], value ?? "Docker's default, 0")];
    return [judged(Number(value) <= 80 ? "pass" : "fail", service, ["sysctls", key], value)];
  },
  remedy: 'It may not listen on 80 and 443 so. Write net.ipv4.ip_unprivileged_port_start: "0".',
});

/** What our edge is made of, as files in its container. */
const EDGE_FILES: readonly string[] = ["/etc/nginx/nginx.conf", "/etc/nginx/passerby", "/etc/nginx/templates"];

/** Has our edge its files, its domain and its certificate? */
export const judgeEdgeParts: Run = eachService({
  scope: "edge",
  judge: (service, { compose }) => {
    const { environment, mounts, image = "" } = service;
    const isOurs =
      [...environment.keys()].some((name) => name.startsWith("EDGE_")) ||
      mounts.some(({ target }) => EDGE_FILES.slice(1).includes(target));
    if (!isOurs || !/(^|\/)nginx[:@]/.test(image)) return [];
    const isMounted = (path: string): boolean =>
      mounts.some(({ target }) => target === path || path.startsWith(`${target}/`));
    const scripts = mounts.filter(({ target }) => /^\/docker-entrypoint\.d\/.+\.envsh$/.test(target));
    const lacking = (what: string, path: readonly string[]): Judged => {
      const { evidence } = judged("fail", service, path, "(none)");
      return { verdict: "fail", evidence: { ...evidence, what: `${what} of ${service.name}` } };
    };
    return [
      ...EDGE_FILES.filter((path) => !isMounted(path)).map((path) => lacking(path, ["volumes"])),
      ...(scripts.length === 0 ? [lacking("/docker-entrypoint.d/*.envsh", ["volumes"])] : []),
      ...scripts.flatMap((mount) => executableOf(service, mount, dirname(compose.path))),
      ...(environment.get("EDGE_DOMAIN") ? [domainOf(service)] : [lacking("EDGE_DOMAIN", ["environment"])]),
      ...["EDGE_CERTIFICATE", "EDGE_CERTIFICATE_KEY"].flatMap((name) => certificateOf(service, name)),
    ];
  },
  remedy: "nginx does not start without it. Write it as deploy/docker-compose.full.yml has it.",
});

function executableOf({ name }: Service, { source, written, where }: Mount, folder: string): readonly Judged[] {
  const path = source.startsWith(".") ? join(folder, source) : source;
  // One that is missing is told of by another check.
  if (!existsSync(path)) return [];
  const isExecutable = (statSync(path).mode & 0o111) !== 0;
  const what = `volumes of ${name}${isExecutable ? "" : " (not executable, so the image leaves it out)"}`;
  return [{ verdict: isExecutable ? "pass" : "fail", evidence: { what, found: written, where } }];
}

function domainOf(service: Service): Judged {
  const domain = service.environment.get("EDGE_DOMAIN") ?? "";
  const isDomain = /^[a-z0-9-]+(\.[a-z0-9-]+)+( +[a-z0-9-]+(\.[a-z0-9-]+)+)*$/.test(domain);
  return judged(isDomain ? "pass" : "fail", service, ["environment", "EDGE_DOMAIN"], domain);
}

function certificateOf(service: Service, name: string): readonly Judged[] {
  const path = service.environment.get(name) || `/etc/letsencrypt/live/${name}.pem`;
  const secret = /^\/run\/secrets\/([^/]+)$/.exec(path)?.[1];
  const isThere =
    secret === undefined
      ? service.mounts.some(({ target }) => path === target || path.startsWith(`${target.replace(/\/$/, "")}/`))
      : service.list("secrets").some((item) => item === secret || item.includes(`"${secret}"`));
  return [judged(isThere ? "pass" : "fail", service, ["environment", name], path)];
}
