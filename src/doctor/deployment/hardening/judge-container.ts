/** What the checks of containers find out of a compose file: what may be written, how much may be taken, what is run. */
import type { Mount, Service } from "../compose/compose-service.ts";
import { readDockerfile } from "./dockerfile.ts";
import { bytesOf, secondsOf } from "./durations.ts";
import { eachService, type Judged, judged } from "./service-rule.ts";

type Run = ReturnType<typeof eachService>;

/** Is the root file system read-only? */
export const judgeReadOnly: Run = eachService({
  scope: "own",
  judge: (service) => {
    const value = service.text("read_only") ?? "";
    return [judged(value === "true" ? "pass" : "fail", service, ["read_only"], value)];
  },
  remedy: "Write read_only: true, and tmpfs: for what has to be written.",
});

/** Where code and configuration lie in a container. */
const CODE = /^\/(app|bin|boot|code|docker-entrypoint\.d|etc|lib\w*|opt|sbin|src|srv|usr)(\/|$)/;

/** Are code and configuration that are mounted from the machine read-only? */
export const judgeMounts: Run = eachService({
  scope: "own",
  judge: ({ name, mounts }) => {
    const code = mounts.filter(({ kind, target }) => kind === "bind" && CODE.test(target));
    return code.map(({ isReadOnly, written, where }) => {
      return { verdict: isReadOnly ? "pass" : "warn", evidence: { what: `volumes of ${name}`, found: written, where } };
    });
  },
  remedy: "Who breaks into the container can change its own code and configuration. Add :ro.",
});

/** Has a service with a read-only root the places that it has to write to? */
export const judgeScratch: Run = eachService({
  scope: "own",
  judge: (service, { roles }) => {
    if (service.text("read_only") !== "true") return [];
    const needed = service === roles.edge ? nginxFolders(service) : ["/tmp"];
    const missing = needed.filter(
      (path) => !service.mounts.some((mount) => !mount.isReadOnly && sameFolder(mount.target, path)),
    );
    const verdict = service === roles.edge ? "fail" : "warn";
    const found = service.mounts.flatMap(({ kind, target }) => (kind === "tmpfs" ? [target] : [])).join(", ");
    if (missing.length === 0) return [judged("pass", service, ["tmpfs"], found)];
    return missing.map((path) => {
      const { evidence } = judged(verdict, service, ["tmpfs"], found);
      return {
        verdict: path === "/tmp" ? "warn" : verdict,
        evidence: { ...evidence, what: `${evidence.what}, without ${path}` },
      };
    });
  },
  remedy:
    "With a read-only root it cannot write there. Add it to tmpfs, with a size and for its user: /run:uid=1001,gid=1001,mode=0700,size=1m.",
});

/** What nginx, and the entry point of its official image, write to. */
function nginxFolders({ image = "", mounts }: Service): readonly string[] {
  if (!/nginx/.test(image)) return [];
  const hasTemplates = mounts.some(({ target }) => target.startsWith("/etc/nginx/templates"));
  return ["/var/cache/nginx", "/run", "/tmp", ...(hasTemplates ? ["/etc/nginx/conf.d"] : [])];
}

function sameFolder(mounted: string, needed: string): boolean {
  const plain = mounted.replace(/\/$/, "").replace(/^\/var\/run$/, "/run");
  return plain === needed || needed.startsWith(`${plain}/`);
}

/** Is memory that is written to bounded, and may its service write to it? */
export const judgeTmpfs: Run = eachService({
  scope: "own",
  judge: (service) => service.mounts.filter(({ kind }) => kind === "tmpfs").map((mount) => tmpfsOf(service, mount)),
  remedy: "Give it a size, and let the user of the service write: uid=1001,mode=0700,size=16m. Leave exec out.",
});

function tmpfsOf(service: Service, { options, written, where }: Mount): Judged {
  const optionOf = (name: string): string | undefined =>
    options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const evidence = { what: `tmpfs of ${service.name}`, found: written, where };
  const [user = "", group = ""] = (service.text("user") ?? "").split(":");
  // Docker's default is 1777.
  const mode = Number.parseInt(optionOf("mode") ?? "1777", 8);
  const isOwn = (optionOf("uid") ?? "0") === user && (mode & 0o200) !== 0;
  const isOfGroup = (optionOf("gid") ?? "0") === (group || user) && (mode & 0o020) !== 0;
  const isWritable = user === "" || isOwn || isOfGroup || (mode & 0o002) !== 0;
  if (!isWritable || options.includes("ro")) return { verdict: "fail", evidence };
  const hasSize = written.startsWith("{") ? written.includes('"size"') : optionOf("size") !== undefined;
  const isLoose = ["exec", "suid", "dev"].some((option) => options.includes(option));
  return { verdict: hasSize && !isLoose ? "pass" : "warn", evidence };
}

/** Less than this is a unit that was forgotten: no program of ours starts in it. */
const LEAST_MEMORY = 64 * 1024 ** 2;
/** More than this is no bound: a machine has 32,768 process ids by default. */
const MOST_PROCESSES = 8_192;

/** May no service take all of the machine? */
export const judgeLimits: Run = eachService({
  scope: "own",
  judge: (service) => [
    limitOf(service, "mem_limit", "memory", (value) => bytesOf(value) >= LEAST_MEMORY),
    limitOf(service, "pids_limit", "pids", (value) => Number(value) > 0 && Number(value) <= MOST_PROCESSES),
    limitOf(service, "cpus", "cpus", (value) => Number(value) > 0),
  ],
  remedy: "Give mem_limit, pids_limit and cpus, so that one of them in trouble does not take the others with it.",
});

function limitOf(service: Service, key: string, ofDeploy: string, isLimit: (value: string) => boolean): Judged {
  const value = service.text(key) ?? service.text("deploy", "resources", "limits", ofDeploy) ?? "";
  return judged(value !== "" && isLimit(value) ? "pass" : "warn", service, [key], value);
}

/** What each connection takes, and the files beside them. */
const SPARE_FILES = 1_024;

/** May collector and edge open as many files as connections are let in? */
export const judgeOpenFiles: Run = eachService({
  scope: "own",
  judge: (service, { roles }) => {
    if (service !== roles.collector && service !== roles.edge) return [];
    const soft = service.text("ulimits", "nofile", "soft") ?? service.text("ulimits", "nofile") ?? "";
    const connections = Number(service.environment.get("METRICS_MAX_CONNECTIONS") || 10_000);
    const isEnough = soft === "-1" || Number(soft) >= connections + SPARE_FILES;
    return [judged(soft !== "" && isEnough ? "pass" : "warn", service, ["ulimits", "nofile"], soft)];
  },
  remedy:
    "Each connection is an open file, and 10,000 are let in. Write ulimits: nofile: { soft: 65536, hard: 65536 }.",
});

/** Is each image of a version that does not change? */
export const judgeImages: Run = eachService({
  scope: "all",
  judge: (service, { roles }) => {
    const dockerfile = readDockerfile(service.dockerfile);
    const builder = roles.all.some((one) => one.dockerfile !== undefined && one.image === service.image);
    const bases = (dockerfile?.bases ?? []).map(({ image, where }) => ({
      verdict: pinOf(image),
      evidence: { what: `FROM of ${service.name}`, found: image, where },
    }));
    if (service.image === undefined) return bases;
    // What is built here is as new as its build, whatever it is called; without a version nobody can go back, though.
    const verdict = builder && pinOf(service.image) === "warn" ? "pass" : pinOf(service.image);
    return [judged(verdict, service, ["image"], service.image), ...bases];
  },
  remedy: "Name a whole version, 1.30.7 and not latest, or better a digest: name@sha256:….",
});

function pinOf(image: string): Judged["verdict"] {
  if (/@sha256:[0-9a-f]{64}$/.test(image) || image === "scratch") return "pass";
  const tag = /:([\w.-]+)$/.exec(image.split("/").at(-1) ?? "")?.[1];
  if (tag === undefined || !/\d/.test(tag) || /[.-]$/.test(tag)) return "fail";
  return /^v?\d+\.\d+/.test(tag) ? "pass" : "warn";
}

/** Is the collector no process 1? */
export const judgeInit: Run = eachService({
  scope: "collector",
  judge: (service) => {
    const value = service.text("init") ?? "";
    return [judged(value === "true" ? "pass" : "warn", service, ["init"], value)];
  },
  remedy:
    "Write init: true. When a disk hangs the collector ends itself by SIGKILL, which process 1 of a container cannot.",
});

/** What the collector takes to drain, and a moment. */
const LEAST_GRACE_S = 10;

/** Has the collector time to drain? */
export const judgeGrace: Run = eachService({
  scope: "collector",
  judge: (service) => {
    const value = service.text("stop_grace_period") ?? "";
    return [
      judged(secondsOf(value || "10s") >= LEAST_GRACE_S ? "pass" : "warn", service, ["stop_grace_period"], value),
    ];
  },
  remedy: "It drains for 9 s at most, and is killed before that. Write stop_grace_period: 15s.",
});

/** A day of quiet running; less tells nothing of yesterday. */
const LEAST_LOG = 100 * 1024;
const MOST_LOG = 10 * 1024 ** 3;

/** Are logs kept, and bounded? */
export const judgeLogging: Run = eachService({
  scope: "own",
  judge: (service) => {
    const driver = service.text("logging", "driver") ?? "json-file";
    if (driver === "none") return [judged("fail", service, ["logging", "driver"], driver)];
    const [size = "", files = "1"] = ["max-size", "max-file"].map((key) => service.text("logging", "options", key));
    const isKept = size === "" || bytesOf(size) >= LEAST_LOG;
    const isBounded = size !== "" && bytesOf(size) * Number(files) <= MOST_LOG;
    const isFine = driver !== "json-file" || (isKept && isBounded);
    const found = `${driver}, max-size ${size || "(none)"}, max-file ${files}`;
    return [judged(isFine ? "pass" : "warn", service, ["logging"], found)];
  },
  remedy:
    'Docker keeps json-file for ever: write options: { max-size: 10m, max-file: "5" }. With driver none nothing is kept at all.',
});
