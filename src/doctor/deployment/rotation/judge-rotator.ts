/** What the checks of the rotator's service find out. */
import { nearestName } from "../../../nearest-name.ts";
import { type Evidence, type Finding, fail, pass, skip, warn } from "../../check.ts";
import type { Given } from "../../inputs.ts";
import type { Mount, Service } from "../compose/compose-service.ts";
import { collectorOf, ownServices, type Roles, rolesOf } from "../compose/service-roles.ts";
import {
  effectOfRetention,
  IMAGE_DATA_DIR,
  type RotateCommand,
  readRotateCommand,
  refusalOf,
} from "./rotate-command.ts";

const NAME = "metrics-rotator";
const COMMAND = "rotate --data-dir /data --interval 300 --gzip-after-days 3 --delete-after-days 30 --max-mb 64";

type Rotator = { readonly service: Service; readonly command: RotateCommand; readonly roles: Roles };

/** The rotator of the compose file. The checks that ask come after rotation.sidecar, which tells when there is none. */
async function rotatorOf(given: Given): Promise<Rotator | undefined> {
  const roles = rolesOf(await given.need("compose"));
  const [service] = roles.rotators;
  return service === undefined ? undefined : { service, command: readRotateCommand(service), roles };
}

/** Makes a check of the rotator, which is skipped where the collector rotates by itself. */
export function ofRotator(
  judge: (rotator: Rotator, given: Given) => Finding | Promise<Finding>,
): (given: Given) => Promise<Finding> {
  return async (given) => {
    const rotator = await rotatorOf(given);
    if (rotator === undefined)
      return skip("the compose file has no rotator: give the one with --compose FILE that has");
    return await judge(rotator, given);
  };
}

function commandEvidence({ name, words, where }: Service): Evidence {
  return { what: `command of ${name}`, found: words.join(" ") || "(none)", where: where("command") };
}

/** Is there a service that rotates, and one only? */
export async function judgeSidecar(given: Given): Promise<Finding> {
  const compose = await given.need("compose");
  const { all, rotators } = rolesOf(compose);
  const [rotator, ...more] = rotators;
  if (more.length > 0) {
    return warn(rotators.map(commandEvidence), {
      text: "One rotator works at a time, and the others end again and again. Leave one.",
    });
  }
  if (rotator !== undefined) return pass(commandEvidence(rotator));
  const named = all.find(({ name, words }) => /rotat/.test(name) || words.some((word) => /rotate/.test(word)));
  if (named !== undefined) {
    return fail([commandEvidence(named)], {
      text: `It does not run passerby rotate; a program that copies and unlinks files while the collector writes loses events. Give it the collector's image and the command: ${COMMAND}`,
    });
  }
  const mode = (await given.may("settings"))?.settings.rotate ?? "auto";
  const found = { what: "services", found: compose.services.join(", "), where: compose.whereIs(["services"]) };
  const rotate = { what: "METRICS_ROTATE", found: mode };
  const remedy = { text: `Add a service ${NAME} with the collector's image, its volume, and the command: ${COMMAND}` };
  // Then the collector does it by itself, and nothing is lost by it.
  return mode === "auto" ? warn([found, rotate], remedy) : fail([found, rotate], remedy);
}

/** Is it called as the checklist and the rollback plan call it? */
export const judgeName: (given: Given) => Promise<Finding> = ofRotator(({ service }) => {
  const evidence = { what: "service", found: service.name, where: service.where() };
  if (service.name === NAME) return pass(evidence);
  return warn([evidence], {
    text: `The checklist and the rollback plan call it ${NAME}: rename it, or correct the plan.`,
  });
});

/** Does it run the same version as the collector? */
export const judgeImage: (given: Given) => Promise<Finding> = ofRotator(({ service, roles: { collector } }) => {
  if (collector === undefined) return skip("no service runs the collector");
  const evidence = [collector, service].map((one) => ({
    what: `image of ${one.name}`,
    found: one.image ?? one.dockerfile ?? "(none)",
    where: one.where("image"),
  }));
  const isSame =
    service.image === undefined ? service.dockerfile === collector.dockerfile : service.image === collector.image;
  if (isSame) return pass(...evidence);
  return fail(evidence, { text: "Collector and rotator write the same files: give both one image of one version." });
});

/** Does passerby rotate take the command? */
export const judgeFlags: (given: Given) => Promise<Finding> = ofRotator(async ({ service, command }, given) => {
  const known = await given.options.flagsOf("rotate");
  const refusal = refusalOf(command, known);
  if (refusal === undefined) return pass(commandEvidence(service));
  const stranger = /^(--\S+) is no flag/.exec(refusal)?.[1];
  const meant = stranger === undefined ? "" : ` Did you mean ${nearestName(stranger, known)?.name ?? ""}?`;
  return fail([commandEvidence(service)], { text: `It ends at once: ${refusal}.${meant}` });
});

/** Does it go on, and change anything? */
export const judgeKeepsOn: (given: Given) => Promise<Finding> = ofRotator(({ service, command: { flags } }) => {
  const [flag] = ["--dry-run", "--once", "--help"].filter((one) => flags.has(one));
  if (flag === undefined) return pass(commandEvidence(service));
  const effect = flag === "--once" ? "ends after one run" : "changes nothing";
  return fail([commandEvidence(service)], { text: `With ${flag} it ${effect}: take the flag out.` });
});

/** Where collector and rotator have their data. */
function dataMounts(
  roles: Roles,
): readonly { readonly service: Service; readonly folder: string; readonly mount: Mount | undefined }[] {
  const folders = [
    ...(roles.collector === undefined ? [] : [{ service: roles.collector, folder: collectorFolder(roles.collector) }]),
    ...roles.rotators.map((service) => ({ service, folder: readRotateCommand(service).dataDir })),
  ];
  return folders.map(({ service, folder }) => {
    const isAbove = ({ target }: Mount): boolean =>
      folder === target || folder.startsWith(`${target.replace(/\/$/, "")}/`);
    const [mount] = service.mounts.filter(isAbove).sort((a, b) => b.target.length - a.target.length);
    return { service, folder, mount };
  });
}

function collectorFolder({ words, environment }: Service): string {
  const flag = words.indexOf("--data-dir");
  return (flag === -1 ? undefined : words[flag + 1]) ?? (environment.get("METRICS_DATA_DIR") || IMAGE_DATA_DIR);
}

/** Is the data directory of both on something that lasts, and may they write to it? */
export async function judgeWritable(given: Given): Promise<Finding> {
  const compose = await given.need("compose");
  collectorOf(compose);
  const mounts = dataMounts(rolesOf(compose));
  const problems = mounts.flatMap(({ service, folder, mount }) => {
    const where = mount?.where ?? service.where("volumes");
    const what = `${folder} of ${service.name}`;
    if (mount === undefined) return [{ what, found: "(not mounted)", where }];
    if (mount.isReadOnly) return [{ what, found: mount.written, where }];
    return mount.kind === "tmpfs" || mount.source === ""
      ? [{ what: `${what} (gone with the container)`, found: mount.written, where }]
      : [];
  });
  if (problems.length > 0) {
    return fail(problems, {
      text: "Mount one named volume there in both, for writing: data:/data:rw. Elsewhere events are lost with the container, or cannot be written.",
    });
  }
  return pass(
    ...mounts.map(({ service, folder, mount }) => ({
      what: `${folder} of ${service.name}`,
      found: mount?.written ?? "",
      where: mount?.where ?? "",
    })),
  );
}

/** Is it the same folder? */
export const judgeSameVolume: (given: Given) => Promise<Finding> = ofRotator(({ roles }) => {
  const mounts = dataMounts(roles);
  const evidence = mounts.map(({ service, folder, mount }) => ({
    what: `${folder} of ${service.name}`,
    found: mount?.written ?? "(not mounted)",
    where: mount?.where ?? service.where("volumes"),
  }));
  const places = mounts.map(({ folder, mount }) => `${mount?.source}${folder.slice(mount?.target.length ?? 0)}`);
  if (new Set(places).size === 1) return pass(...evidence);
  return fail(evidence, {
    text: "The rotator works on another folder than the collector writes: mount the same volume in both.",
  });
});

/** Do collector, rotator and edge come back after a crash or a reboot? */
export async function judgeRestart(given: Given): Promise<Finding> {
  const services = ownServices(rolesOf(await given.need("compose")));
  const evidence = services.map((service) => ({
    what: `restart of ${service.name}`,
    found: service.text("restart") ?? service.text("deploy", "restart_policy", "condition") ?? "(none)",
    where: service.where("restart"),
  }));
  const wrong = evidence.filter(({ found }) => !/^(always|unless-stopped|any)$/.test(found));
  if (wrong.length === 0) return pass(...evidence);
  return fail(wrong, { text: "It stays down after a crash or a reboot. Write restart: unless-stopped." });
}

/** Is the interval one that suits production? */
export const judgeInterval: (given: Given) => Promise<Finding> = ofRotator(
  ({ service, command: { intervalSeconds } }) => {
    const evidence = {
      what: `--interval of ${service.name}`,
      found: `${intervalSeconds} s`,
      where: service.where("command"),
    };
    if (intervalSeconds >= 30 && intervalSeconds <= 3_600) return pass(evidence);
    const effect =
      intervalSeconds < 30
        ? "costs more than it gives"
        : "keeps events past their time by as much, and large files unsealed";
    return warn([evidence], {
      text: `An interval of ${intervalSeconds} s ${effect}: give --interval 300, from 30 to 3600.`,
    });
  },
);

/** Is there a time between compressing and deleting? */
export const judgeGzip: (given: Given) => Promise<Finding> = ofRotator(
  ({ service, command: { gzipAfterDays, deleteAfterDays } }) => {
    const evidence = {
      what: `command of ${service.name}`,
      found: `--gzip-after-days ${gzipAfterDays}, --delete-after-days ${deleteAfterDays}`,
      where: service.where("command"),
    };
    if (gzipAfterDays < deleteAfterDays) return pass(evidence);
    return warn([evidence], {
      text: "Nothing is ever compressed so, since it is deleted first: give --gzip-after-days 3.",
    });
  },
);

/** Do collector and rotator keep events for the same time? */
export const judgeRetention: (given: Given) => Promise<Finding> = ofRotator(
  async ({ service, command: { deleteAfterDays, flags } }, given) => {
    const { settings, whereIs } = await given.need("settings");
    const isFlag = flags.has("--delete-after-days");
    const evidence = [
      {
        what: `${isFlag ? "--delete-after-days" : "METRICS_RETENTION_DAYS"} of ${service.name}`,
        found: String(deleteAfterDays),
        where: service.where(isFlag ? "command" : "environment"),
      },
      {
        what: "METRICS_RETENTION_DAYS of the collector",
        found: String(settings.retentionDays),
        where: whereIs("METRICS_RETENTION_DAYS"),
      },
    ];
    if (deleteAfterDays === settings.retentionDays) return pass(...evidence);
    const effect = effectOfRetention(deleteAfterDays, settings.retentionDays);
    return fail(evidence, { text: `${effect}. Give both the same variable: METRICS_RETENTION_DAYS.` });
  },
);

/** Do both seal files at the same size? */
export const judgeMaxMb: (given: Given) => Promise<Finding> = ofRotator(
  async ({ service, command: { maxMb } }, given) => {
    const { settings, whereIs } = await given.need("settings");
    const evidence = [
      { what: `--max-mb of ${service.name}`, found: String(maxMb), where: service.where("command") },
      {
        what: "METRICS_MAX_SHARD_MB of the collector",
        found: String(settings.maxShardMb),
        where: whereIs("METRICS_MAX_SHARD_MB"),
      },
    ];
    if (maxMb === settings.maxShardMb) return pass(...evidence);
    return warn(evidence, {
      text: "The smaller figure holds, whichever you meant: give both the same variable, METRICS_MAX_SHARD_MB.",
    });
  },
);

/** Is the rotation the rotator's alone? */
export const judgeOneOnly: (given: Given) => Promise<Finding> = ofRotator(async ({ service }, given) => {
  const { settings, whereIs } = await given.need("settings");
  const evidence = {
    what: "METRICS_ROTATE of the collector",
    found: settings.rotate,
    where: whereIs("METRICS_ROTATE"),
  };
  if (settings.rotate === "off") return pass(evidence);
  return warn([evidence], {
    text: `Both never work at once, but when ${service.name} is stopped the collector goes on in its place, so stopping it stops nothing (rollback, 10.4). Set METRICS_ROTATE: "off".`,
  });
});
