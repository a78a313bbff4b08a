/** How checks of the edge are made, and how they tell what they found. */
import { type Check, type Evidence, type FileEdit, type Finding, fail, pass, skip, warn } from "../../check.ts";
import type { Given, InputName } from "../../inputs.ts";
import type { Scope } from "../../nginx/edge-servers.ts";
import { type Directive, whereOf } from "../../nginx/nginx-config.ts";
import { type EdgeView, viewEdge, type WithEvent } from "./edge-view.ts";

/** Something that is not as it should be. */
export type Problem = {
  readonly verdict: "warn" | "fail";
  readonly evidence: Evidence;
  readonly text: string;
  readonly edit?: FileEdit | undefined;
};

type Told = Pick<Check, "id" | "line" | "severity" | "asks" | "how" | "remedy" | "may" | "after"> & {
  /** Besides the configuration of nginx. */
  readonly needs?: readonly InputName[];
};

/** A check of the whole configuration: `look` returns what is wrong, or the evidence that nothing is. */
export type EdgeCheck = Told & {
  readonly look: (view: EdgeView, given: Given) => Seen | Promise<Seen>;
};

/** A check of what becomes of events. */
export type EventCheck = Told & {
  readonly look: (view: WithEvent, given: Given) => Seen | Promise<Seen>;
};

export type Seen = {
  readonly problems: readonly Problem[];
  readonly good: readonly Evidence[];
  /** Why nothing could be seen. */
  readonly unseen?: string;
};

export function edgeCheck({ look, needs = [], ...told }: EdgeCheck): Check {
  return {
    ...told,
    needs: ["nginx", ...needs],
    run: async (given) => conclude(await look(await viewEdge(given), given)),
  };
}

/** The name of the check that events pass, without which nothing about them can be said. */
export const EVENT_PASSES = "edge.event-passes";

export function eventCheck({ look, after = [], needs = [], ...told }: EventCheck): Check {
  return {
    ...told,
    after: [EVENT_PASSES, ...after],
    needs: ["nginx", ...needs],
    run: async (given) => {
      const view = await viewEdge(given);
      const { event } = view;
      if (event?.kind !== "proxy") return skip("no server of this configuration passes events on (see section 3)");
      return conclude(await look({ ...view, event }, given));
    },
  };
}

function conclude({ problems, good, unseen }: Seen): Finding {
  if (unseen !== undefined) return skip(unseen);
  if (problems.length === 0) return pass(...good);
  const worst = problems.some(({ verdict }) => verdict === "fail") ? fail : warn;
  const told = problems.toSorted((a, b) => a.verdict.localeCompare(b.verdict));
  const edits = told.flatMap(({ edit }) => edit ?? []).slice(0, 1);
  return worst(
    told.map(({ evidence }) => evidence),
    {
      text: [...new Set(told.map(({ text }) => text))].join(" "),
      ...(edits.length > 0 ? { edits, commands: ["nginx -t && nginx -s reload"] } : {}),
    },
  );
}

/** All is well, and this shows it. */
export function good(...evidence: Evidence[]): Seen {
  return { problems: [], good: evidence };
}

/** What was found, with what shows that nothing else is wrong. */
export function found(problems: readonly Problem[], ...evidence: Evidence[]): Seen {
  return { problems, good: evidence };
}

/** Why nothing can be said of TLS. */
export const NO_TLS = "this nginx speaks no TLS for the collector: whatever stands in front of it does";

/** It cannot be seen here. */
export function unseen(reason: string): Seen {
  return { problems: [], good: [], unseen: reason };
}

/** A directive as evidence. */
export function seen(directive: Directive, what: string = directive.name): Evidence {
  const words = (what === directive.name ? directive.args : [directive.name, ...directive.args]).join(" ");
  return { what, found: `${words}${directive.block === undefined ? ";" : " {…}"}`.trim(), where: whereOf(directive) };
}

/** That a directive is not there, with the place where it would stand. */
export function absent(what: string, scopes: readonly Scope[] | Directive | undefined): Evidence {
  const opening = scopes !== undefined && "name" in scopes ? scopes : scopes?.findLast((one) => one.opening)?.opening;
  return { what, found: "(none)", ...(opening === undefined ? {} : { where: whereOf(opening) }) };
}

/** Something that loses events, leaks, or is not what the checklist demands. */
export function failing(evidence: Evidence, text: string, edit?: FileEdit): Problem {
  return { verdict: "fail", evidence, text, edit };
}

/** Something that works, but not as asked. */
export function doubtful(evidence: Evidence, text: string, edit?: FileEdit): Problem {
  return { verdict: "warn", evidence, text, edit };
}
