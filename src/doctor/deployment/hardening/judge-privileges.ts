/** What the checks of privileges find out of a compose file: users, capabilities, and ways out of a container. */
import type { Service } from "../compose/compose-service.ts";
import { isOurImage } from "../compose/service-roles.ts";
import { readDockerfile } from "./dockerfile.ts";
import { eachService, type Judged, judged, type RuleContext } from "./service-rule.ts";

type Run = ReturnType<typeof eachService>;

const ROOT_USER = /^(root|0+)(:|$)/;
/** The user of our image, and of the checklist. */
const OUR_USER = "1001";

/** Does no service run as root? */
export const judgeUser: Run = eachService({
  scope: "own",
  judge: (service, context) => [userOf(service, context)],
  remedy: 'It runs as root, or as whom the image says. Write user: "1001:1001".',
});

function userOf(service: Service, { roles }: RuleContext): Judged {
  const written = service.text("user");
  if (written !== undefined) {
    const isRoot = ROOT_USER.test(written);
    const note = written.startsWith(OUR_USER) || isRoot ? "" : " (not root; the checklist has 1001)";
    return judged(isRoot ? "fail" : "pass", service, ["user"], `${written}${note}`);
  }
  const builder = roles.all.find((one) => one.dockerfile !== undefined && one.image === service.image);
  const dockerfile = readDockerfile(service.dockerfile ?? builder?.dockerfile);
  if (dockerfile !== undefined) {
    const { value, where } = dockerfile.user ?? { value: "(none: that of the base image)", where: dockerfile.path };
    const isRoot = dockerfile.user === undefined || ROOT_USER.test(value);
    return {
      verdict: isRoot ? "fail" : "pass",
      evidence: { what: `user of ${service.name}`, found: `USER ${value}`, where },
    };
  }
  if (isOurImage(service)) return judged("pass", service, ["user"], "that of the image, 1001");
  return judged(service === roles.edge ? "warn" : "fail", service, ["user"], "that of the image");
}

/** Does the image end with a user that is not root, whatever the compose file says? */
export const judgeDockerfileUser: Run = eachService({
  scope: "inner",
  judge: (service) => {
    const dockerfile = readDockerfile(service.dockerfile);
    if (dockerfile === undefined) return [];
    const { value, where } = dockerfile.user ?? { value: "(none)", where: dockerfile.path };
    const isRoot = dockerfile.user === undefined || ROOT_USER.test(value);
    return [{ verdict: isRoot ? "warn" : "pass", evidence: { what: "USER of the image", found: value, where } }];
  },
  remedy: "Whoever runs the image without this compose file runs it as root. End the Dockerfile with USER 1001:1001.",
});

/** Is every capability dropped? */
export const judgeDropped: Run = eachService({
  scope: "own",
  judge: (service) => {
    const dropped = service.list("cap_drop");
    const isAll = dropped.some((name) => name.toUpperCase() === "ALL");
    return [judged(isAll ? "pass" : "fail", service, ["cap_drop"], dropped.join(", "))];
  },
  remedy: "Write cap_drop: [ALL]; none of them needs a capability.",
});

/** A proxy as root needs this to listen on 443, and it opens little. */
const HARMLESS = "NET_BIND_SERVICE";

/** Is none added? */
export const judgeAdded: Run = eachService({
  scope: "own",
  judge: (service, { roles }) => {
    const added = service.list("cap_add");
    const harmful = added.filter(
      (name) => service !== roles.edge || name.toUpperCase().replace(/^CAP_/, "") !== HARMLESS,
    );
    return [judged(harmful.length > 0 ? "fail" : "pass", service, ["cap_add"], added.join(", "))];
  },
  remedy: "Take cap_add out.",
});

/** Can no program gain privileges? */
export const judgeNewPrivileges: Run = eachService({
  scope: "own",
  judge: (service) => {
    const options = service.list("security_opt");
    const isOn = options.some((option) => /^no-new-privileges([:=]true)?$/.test(option));
    return [judged(isOn ? "pass" : "fail", service, ["security_opt"], options.join(", "))];
  },
  remedy: "Write security_opt: [no-new-privileges:true].",
});

/** Places of the machine that no container of ours has any business with. */
const HOST_PATHS = /^\/(proc|sys|dev|etc|root|boot|var\/lib\/docker|var\/run\/docker.*|run\/docker.*)?\/?$/;

/** Is there no way out of a container? */
export const judgeIsolated: Run = eachService({
  scope: "all",
  judge: (service, { roles }) => [...keysOut(service, service === roles.edge), ...mountsOut(service)],
  remedy: "Who breaks into this container has the machine. Take it out.",
});

function keysOut(service: Service, isEdge: boolean): readonly Judged[] {
  const isTrue = service.text("privileged") === "true";
  const shared = ["network_mode", "pid", "ipc", "uts", "userns_mode"].filter((key) => service.text(key) === "host");
  // A proxy in the network of the machine sees the addresses of visitors, which is why some do it.
  const verdictOf = (key: string): Judged["verdict"] => (key === "network_mode" && isEdge ? "warn" : "fail");
  return [
    judged(isTrue ? "fail" : "pass", service, ["privileged"], service.text("privileged") ?? ""),
    ...shared.map((key) => judged(verdictOf(key), service, [key], "host")),
    ...(service.has("devices") ? [judged("fail", service, ["devices"], service.list("devices").join(", "))] : []),
  ];
}

function mountsOut({ name, mounts }: Service): readonly Judged[] {
  return mounts
    .filter(
      ({ kind, source }) =>
        kind === "bind" && (HOST_PATHS.test(source) || /(docker|containerd|podman)\.sock$/.test(source)),
    )
    .map(({ written, where }) => ({
      verdict: "fail",
      evidence: { what: `volumes of ${name}`, found: written, where },
    }));
}

/** Is no protection of the kernel switched off? */
export const judgeConfined: Run = eachService({
  scope: "all",
  judge: (service, { roles }) => {
    const options = service.list("security_opt");
    const off = options.findIndex((option) =>
      /^(apparmor|seccomp|systempaths)[:=]unconfined$|^label[:=]disable$/.test(option),
    );
    if (off !== -1) return [judged("fail", service, ["security_opt", off], options[off] ?? "")];
    if (service !== roles.collector && !roles.rotators.includes(service)) return [];
    const named = options.filter((option) => /^(apparmor|label|seccomp)[:=]/.test(option));
    const found = named.length > 0 ? named.join(", ") : "Docker's own profiles, where the kernel has AppArmor";
    return [judged("pass", service, ["security_opt"], found)];
  },
  remedy: "Take it out: Docker's own profile holds then. Ours allows less: deploy/docker-compose.apparmor.yml.",
});
