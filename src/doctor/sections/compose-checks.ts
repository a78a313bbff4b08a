/** That the compose file is one that Compose takes, whole: what it names is there, and what it demands is given. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Check, type Evidence, type Finding, fail, pass, warn } from "../check.ts";
import { asText, type Service } from "../deployment/compose/compose-service.ts";
import { judgeStart } from "../deployment/compose/judge-start.ts";
import { wrongAddresses } from "../deployment/compose/network-addresses.ts";
import { refusedByCompose } from "../deployment/compose/refused-by-compose.ts";
import { rolesOf } from "../deployment/compose/service-roles.ts";
import type { ComposeProject } from "../deployment/compose-project.ts";
import { isRecord } from "../probe/json-values.ts";

const AFTER_READING = ["environment.compose-reads"];

export const COMPOSE_CHECKS: readonly Check[] = [
  {
    id: "environment.compose-valid",
    line: "2.4",
    severity: "high",
    asks: "The compose file holds only keys and values that Compose knows",
    how: "Compares the keys of the file and of each service, and the values that have a fixed form, with the Compose specification.",
    remedy: "Write the key or the value as Compose has it; docker compose config --quiet says the same.",
    needs: ["compose"],
    after: AFTER_READING,
    run: async (given) => {
      const compose = await given.need("compose");
      const wrong = refusedByCompose(compose);
      if (wrong.length > 0) return fail(wrong, { text: `Write it as Compose has it: ${namesOf(wrong)}.` });
      return pass({ what: "services", found: compose.services.join(", "), where: compose.path });
    },
  },
  {
    id: "environment.compose-references",
    line: "2.4",
    severity: "high",
    asks: "Each volume, network, secret and service that the compose file names is in it",
    how: "Looks up the names that services use in the top-level volumes, networks, secrets and services.",
    remedy: "Add the missing entry at the top level of the compose file, or correct the name.",
    needs: ["compose"],
    after: AFTER_READING,
    run: async (given) => {
      const compose = await given.need("compose");
      const { all } = rolesOf(compose);
      const wrong = all.flatMap((service) => danglingNames(compose, service));
      if (wrong.length === 0) return pass({ what: "names", found: "all there", where: compose.path });
      return fail(wrong, { text: `Add it to the compose file, or correct the name: ${namesOf(wrong)}.` });
    },
  },
  {
    id: "environment.compose-addresses",
    line: "2.4",
    severity: "high",
    asks: "Fixed addresses lie in the ranges of their networks, and no two services have the same one",
    how: "Compares each ipv4_address and ipv6_address with the subnets of its network.",
    remedy: "Give an address from the subnet of the network, past its first two.",
    needs: ["compose"],
    after: [...AFTER_READING, "environment.compose-references"],
    run: async (given) => {
      const compose = await given.need("compose");
      const wrong = wrongAddresses(compose, rolesOf(compose).all);
      if (wrong.length === 0) return pass({ what: "fixed addresses", found: "fit", where: compose.path });
      return fail(wrong, { text: `Give each service an address of its network's subnet: ${namesOf(wrong)}.` });
    },
  },
  {
    id: "environment.compose-mounts",
    line: "2.4",
    severity: "high",
    asks: "Each file and folder that the compose file mounts or builds from beside it is there",
    how: "Looks for the relative paths among the volumes of each service and for its Dockerfile, seen from the folder of the compose file.",
    remedy: "Put the file in its place, or correct the path: Docker makes an empty folder of what is missing.",
    needs: ["compose"],
    after: AFTER_READING,
    run: async (given) => {
      const compose = await given.need("compose");
      const wrong = rolesOf(compose).all.flatMap((service) => absentFiles(compose, service));
      if (wrong.length === 0) return pass({ what: "mounted paths", found: "all there", where: compose.path });
      return fail(wrong, {
        text: `Docker makes an empty folder where a mounted path is missing. Put it there or correct it: ${namesOf(wrong)}.`,
      });
    },
  },
  {
    id: "environment.collector-command",
    line: "2.4",
    severity: "critical",
    asks: "passerby start accepts the command of the collector, and listens where the edge reaches it",
    how: "Compares the command with the flags that this version takes, and its --host with loopback.",
    remedy: "Write command: [start, --host, 0.0.0.0].",
    needs: ["compose"],
    after: AFTER_READING,
    run: judgeStart,
  },
  {
    id: "environment.variables-given",
    line: "2.4",
    severity: "high",
    asks: "Each variable that the compose file demands is given",
    how: "Compares the variables of the compose file that have no default with the file of variables.",
    remedy: "Give the variable in the file of variables beside the compose file.",
    needs: ["compose"],
    may: ["env"],
    after: AFTER_READING,
    run: async (given) => {
      const [compose, env] = [await given.need("compose"), await given.may("env")];
      return judgeGiven(compose, env?.path ?? ".env");
    },
  },
];

function judgeGiven(compose: ComposeProject, path: string): Finding {
  // Of the origins cors.origins-set tells.
  const evidenceOf = (name: string): Evidence => ({ what: name, found: "(none)", where: path });
  const missing = compose.missing.filter((name) => name !== "ALLOWED_ORIGINS").map(evidenceOf);
  if (missing.length > 0) {
    return fail(missing, {
      text: `docker compose refuses to start without it. Give it in ${path}: ${namesOf(missing)}.`,
    });
  }
  const empty = compose.unset.filter((name) => name !== "ALLOWED_ORIGINS").map(evidenceOf);
  if (empty.length > 0) {
    return warn(empty, {
      text: `It is empty as it is. Give it in ${path}, or a default in the compose file: ${namesOf(empty)}.`,
    });
  }
  return pass({ what: "variables", found: [...compose.variables].join(", "), where: path });
}

function absentFiles(compose: ComposeProject, { name, mounts, dockerfile, where }: Service): readonly Evidence[] {
  const absent = mounts
    .filter(({ kind, source }) => kind === "bind" && source.startsWith("."))
    .filter(({ source }) => !existsSync(join(dirname(compose.path), source)))
    .map((mount) => ({ what: `volumes of ${name}`, found: mount.written, where: mount.where }));
  if (dockerfile === undefined || existsSync(dockerfile)) return absent;
  return [...absent, { what: `Dockerfile of ${name}`, found: dockerfile, where: where("build") }];
}

function danglingNames(compose: ComposeProject, service: Service): readonly Evidence[] {
  const isThere = (kind: string, name: string): boolean => {
    const entries = compose.valueAt([kind]);
    return isRecord(entries) && Object.hasOwn(entries, name);
  };
  const evidence = (kind: string, name: string, where: string): readonly Evidence[] =>
    isThere(kind, name) ? [] : [{ what: `${service.name} names ${kind}.${name}`, found: "(not in the file)", where }];
  const networks = [...service.networks.keys()].filter((name) => name !== "default");
  const volumes = service.mounts.filter(({ kind, source }) => kind === "volume" && source !== "");
  const secrets = service.list("secrets").map((secret) => secretName(secret));
  return [
    ...networks.flatMap((name) => evidence("networks", name, service.where("networks", name))),
    ...volumes.flatMap(({ source, where }) => evidence("volumes", source, where)),
    ...secrets.flatMap((name, index) => evidence("secrets", name, service.where("secrets", index))),
    ...service.dependencies.flatMap(({ name }) => evidence("services", name, service.where("depends_on", name))),
  ];
}

function secretName(written: string): string {
  if (!written.startsWith("{")) return written;
  const value: unknown = JSON.parse(written);
  return isRecord(value) ? (asText(value["source"]) ?? "") : "";
}

/** The names in evidence, for the sentence of a remedy. */
export function namesOf(evidence: readonly Evidence[]): string {
  return evidence.map(({ what }) => what).join("; ");
}
