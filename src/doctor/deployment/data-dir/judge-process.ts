/** What the checks of the running collector find out in /proc. */
import { type Evidence, type Finding, fail, pass, skip, warn } from "../../check.ts";
import type { Given } from "../../inputs.ts";
import type { RunningProcess } from "./running-process.ts";

type Judge = (process: RunningProcess) => { readonly evidence: Evidence; readonly verdict: "pass" | "warn" | "fail" };

/** Makes a check of every process that writes the log. */
function ofWriters(judge: Judge, text: string): (given: Given) => Promise<Finding> {
  return async (given) => {
    const { path, writers } = await given.need("data_dir");
    if (process.platform !== "linux") return skip("only Linux shows it in /proc");
    const { found, isPartial } = writers();
    if (found.length === 0) {
      const hint = isPartial ? ", or another user runs it: run doctor as root or as that user" : ": start it";
      return skip(`no process on this machine writes the log of ${path}${hint}`);
    }
    const judged = found.map(judge);
    const ofVerdict = (verdict: string): readonly Evidence[] =>
      judged.filter((one) => one.verdict === verdict).map(({ evidence }) => evidence);
    if (ofVerdict("fail").length > 0) return fail(ofVerdict("fail"), { text });
    return ofVerdict("warn").length > 0 ? warn(ofVerdict("warn"), { text }) : pass(...ofVerdict("pass"));
  };
}

function evidenceOf({ pid }: RunningProcess, what: string, found: string): Evidence {
  return { what, found: found || "(none)", where: `/proc/${pid}` };
}

/** Is it no root? Its user, real and effective, may be another one outside of its container. */
export const judgeProcessUser: (given: Given) => Promise<Finding> = ofWriters((process) => {
  const uids = process.status.get("Uid") ?? "";
  const isRoot = uids.split(/\s+/).includes("0");
  return { evidence: evidenceOf(process, "Uid", uids), verdict: isRoot ? "fail" : "pass" };
}, 'It runs as root. Write user: "1001:1001" in the compose file, or User=passerby in the unit.');

/** Has it no capability? */
export const judgeProcessCapabilities: (given: Given) => Promise<Finding> = ofWriters((process) => {
  const [held = "", bound = ""] = ["CapEff", "CapBnd"].map((name) => process.status.get(name) ?? "");
  const evidence = evidenceOf(process, "CapEff, CapBnd", `${held}, ${bound}`);
  const isNone = (mask: string): boolean => /^0+$/.test(mask);
  return { evidence, verdict: isNone(held) && isNone(bound) ? "pass" : "warn" };
}, "It needs none. Write cap_drop: [ALL] in the compose file, or CapabilityBoundingSet= in the unit.");

/** Can it gain none by a program that it runs? */
export const judgeProcessPrivileges: (given: Given) => Promise<Finding> = ofWriters((process) => {
  const value = process.status.get("NoNewPrivs") ?? "";
  return { evidence: evidenceOf(process, "NoNewPrivs", value), verdict: value === "1" ? "pass" : "warn" };
}, "Write security_opt: [no-new-privileges:true] in the compose file, or NoNewPrivileges=true in the unit.");

/** Is its root file system read-only? */
export const judgeProcessRoot: (given: Given) => Promise<Finding> = ofWriters((process) => {
  const evidence = evidenceOf(process, "mount options of /", process.rootOptions.join(","));
  return { evidence, verdict: process.rootOptions.includes("ro") ? "pass" : "warn" };
}, "Write read_only: true in the compose file, or ProtectSystem=strict in the unit.");

/** Are its system calls filtered, and does a security module hold it, where the kernel has one? */
export const judgeProcessConfinement: (given: Given) => Promise<Finding> = ofWriters((process) => {
  const seccomp = process.status.get("Seccomp") ?? "";
  const found = `Seccomp ${seccomp}, label ${process.label || "(none: the kernel has no AppArmor or SELinux)"}`;
  const isFree = seccomp !== "2" || /^unconfined/.test(process.label);
  return { evidence: evidenceOf(process, "confinement", found), verdict: isFree ? "warn" : "pass" };
}, "Leave Docker's seccomp profile on, or write SystemCallFilter=@system-service in the unit; load deploy/apparmor/passerby where the kernel has AppArmor.");
