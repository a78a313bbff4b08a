/** What a check of the doctor is and what it finds: one statement about a deployment, held against a line of the checklist. */
import type { Given, InputName } from "./inputs.ts";

/**
 * `pass`: seen to be so. `warn`: works, but not as the checklist asks or as we advise. `fail`: not so. `skipped`: could not
 * be seen, and the reason says what would allow it; never a silent pass.
 */
export const VERDICTS = ["pass", "warn", "fail", "skipped"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What a failure costs: `critical` loses events or leaks data now, `high` will, `medium` weakens, `low` is untidy. */
export const SEVERITIES = ["critical", "high", "medium", "low"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What was seen: a header, a line of a file, a figure. Never a secret or a visitor's address. */
export type Evidence = {
  /** What was looked at: `Access-Control-Allow-Origin`, `limit_req_zone`. */
  readonly what: string;
  /** What was there, as it was written; `(none)` for nothing. */
  readonly found: string;
  /** Where: `deploy/edge/passerby/limits.conf:4`, or an address with method. */
  readonly where?: string;
};

/** A file as it should be. Only given where writing it is safe: it keeps every choice of the owner but the one found wrong. */
export type FileEdit = { readonly path: string; readonly before: string; readonly after: string };

/** How to mend it: in words, as commands to paste, as files to change. */
export type Remedy = {
  readonly text: string;
  readonly commands?: readonly string[];
  readonly edits?: readonly FileEdit[];
};

export type Finding =
  | { readonly verdict: "pass"; readonly evidence: readonly Evidence[] }
  | { readonly verdict: "warn" | "fail"; readonly evidence: readonly Evidence[]; readonly remedy: Remedy }
  | { readonly verdict: "skipped"; readonly reason: string };

export type Check = {
  /** Stable name, `edge.rate-limit-zone`: a group and a name in kebab-case. */
  readonly id: string;
  /** The line of the checklist, `3.1` (checklist.ts). */
  readonly line: string;
  readonly severity: Severity;
  /** What is to be so, as a statement: "ALLOWED_ORIGINS names the origin of the site". */
  readonly asks: string;
  /** How it is found out, for the reference page and the report. */
  readonly how: string;
  /** How to mend it, in general; a finding says it for the case. */
  readonly remedy: string;
  /** Inputs that it asks for: those that it needs, and those that it takes when they are there. */
  readonly needs: readonly InputName[];
  readonly may?: readonly InputName[];
  /** This check is the one that tells when this input cannot be read; the others that need it are skipped then. */
  readonly judges?: InputName;
  /** Ids of earlier checks without which this one means nothing: it is skipped where one of them failed or was skipped for that. */
  readonly after?: readonly string[];
  readonly run: (given: Given) => Finding | Promise<Finding>;
};

/** A finding that all is well. */
export function pass(...evidence: readonly Evidence[]): Finding {
  return { verdict: "pass", evidence };
}

/** A finding that it is not so. */
export function fail(evidence: readonly Evidence[], remedy: Remedy): Finding {
  return { verdict: "fail", evidence, remedy };
}

/** A finding that it works, but not as asked. */
export function warn(evidence: readonly Evidence[], remedy: Remedy): Finding {
  return { verdict: "warn", evidence, remedy };
}

/** A finding that it could not be seen; `reason` says what would allow it. */
export function skip(reason: string): Finding {
  return { verdict: "skipped", reason };
}
