/** What the checks of systemd units find out: who they run as, and what is kept from them. */
import { type Evidence, type Finding, fail, pass, skip, warn } from "../../check.ts";
import type { Given } from "../../inputs.ts";
import { findUnits, type Unit } from "./unit-file.ts";

const NONE = "the repository has no unit of systemd that runs passerby: without systemd there is nothing to see here";

/** Does no unit run as root? */
export async function judgeUnitUser(given: Given): Promise<Finding> {
  const units = findUnits(await given.need("repo"));
  if (units.length === 0) return skip(NONE);
  const judged = units.map((unit) => ({
    isRoot: !isTrue(unit.valueOf("DynamicUser")) && /^(root|0|)$/.test(unit.valueOf("User") ?? ""),
    evidence: evidenceOf(unit, "User"),
  }));
  const wrong = judged.filter(({ isRoot }) => isRoot).map(({ evidence }) => evidence);
  if (wrong.length === 0) return pass(...judged.map(({ evidence }) => evidence));
  return fail(wrong, { text: "It runs as root. Write User=passerby under [Service]." });
}

type Wish = { readonly key: string; readonly isMet: (value: string | undefined) => boolean; readonly write: string };

const isTrue = (value: string | undefined): boolean => /^(true|yes|on|1)$/i.test(value ?? "");

const WISHES: readonly Wish[] = [
  { key: "ProtectSystem", isMet: (value) => value === "strict", write: "ProtectSystem=strict" },
  { key: "NoNewPrivileges", isMet: isTrue, write: "NoNewPrivileges=true" },
  { key: "CapabilityBoundingSet", isMet: (value) => value === "", write: "CapabilityBoundingSet=" },
  { key: "ProtectHome", isMet: (value) => isTrue(value) || value === "tmpfs", write: "ProtectHome=true" },
  { key: "PrivateTmp", isMet: (value) => isTrue(value) || value === "disconnected", write: "PrivateTmp=true" },
  { key: "UMask", isMet: (value) => /^0?077$/.test(value ?? ""), write: "UMask=0077" },
  { key: "SystemCallFilter", isMet: (value) => (value ?? "") !== "", write: "SystemCallFilter=@system-service" },
  {
    key: "RestrictAddressFamilies",
    isMet: (value) => (value ?? "") !== "",
    write: "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
  },
  { key: "MemoryMax", isMet: (value) => !/^(|infinity)$/.test(value ?? ""), write: "MemoryMax=2G" },
  { key: "TasksMax", isMet: (value) => !/^(|infinity)$/.test(value ?? ""), write: "TasksMax=256" },
  { key: "Restart", isMet: (value) => /^(always|on-failure|on-abnormal)$/.test(value ?? ""), write: "Restart=always" },
];

/** Is everything kept from a unit that it does not need, and may it write to its data? */
export async function judgeUnitHardening(given: Given): Promise<Finding> {
  const units = findUnits(await given.need("repo"));
  if (units.length === 0) return skip(NONE);
  const unmet = units.flatMap((unit) =>
    wishesFor(unit)
      .filter(({ key, isMet }) => !isMet(unit.valueOf(key)))
      .map((wish) => ({ unit, wish })),
  );
  const locked = units.filter(
    (unit) =>
      unit.valueOf("ProtectSystem") === "strict" && !unit.valueOf("StateDirectory") && !unit.valueOf("ReadWritePaths"),
  );
  if (locked.length > 0) {
    return fail(
      locked.map((unit) => evidenceOf(unit, "StateDirectory")),
      {
        text: "With ProtectSystem=strict it can write nowhere. Write StateDirectory=passerby, or ReadWritePaths= with the data directory.",
      },
    );
  }
  if (unmet.length === 0) return pass(...units.map((unit) => evidenceOf(unit, "ProtectSystem")));
  return warn(
    unmet.map(({ unit, wish }) => evidenceOf(unit, wish.key)),
    { text: `Write under [Service]: ${[...new Set(unmet.map(({ wish }) => wish.write))].join(", ")}.` },
  );
}

/** One that a timer starts ends by itself, and is started by the timer again. */
function wishesFor(unit: Unit): readonly Wish[] {
  return unit.valueOf("Type") === "oneshot" ? WISHES.filter(({ key }) => key !== "Restart") : WISHES;
}

function evidenceOf(unit: Unit, key: string): Evidence {
  return { what: key, found: unit.valueOf(key) ?? "(none)", where: unit.whereIs(key) };
}
