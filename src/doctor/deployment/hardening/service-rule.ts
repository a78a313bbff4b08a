/** A rule that each service of a compose file has to keep, as a check: all that break it are told at once. */
import { type Evidence, type Finding, fail, pass, skip, warn } from "../../check.ts";
import type { Given } from "../../inputs.ts";
import type { Service } from "../compose/compose-service.ts";
import { ownServices, type Roles, rolesOf } from "../compose/service-roles.ts";
import type { ComposeProject } from "../compose-project.ts";

export type Judged = { readonly verdict: "pass" | "warn" | "fail"; readonly evidence: Evidence };

export type RuleContext = { readonly roles: Roles; readonly compose: ComposeProject; readonly given: Given };

/** Which services a rule is about: edge, collector and rotator; all of the file; or those of a role. */
type Scope = "own" | "all" | "collector" | "edge" | "inner";

type Rule = {
  readonly scope: Scope;
  /** What is found of one service; nothing where the rule does not concern it. */
  readonly judge: (service: Service, context: RuleContext) => readonly Judged[];
  /** What to write. */
  readonly remedy: string;
};

/** Makes the function of a check. */
export function eachService({ scope, judge, remedy }: Rule): (given: Given) => Promise<Finding> {
  return async (given) => {
    const compose = await given.need("compose");
    const roles = rolesOf(compose);
    const services = scopeOf(scope, roles);
    if (services.length === 0)
      return skip(`the compose file has no service for it (${scope}): give the one with --compose FILE that has`);
    const judged = services.flatMap((service) => judge(service, { roles, compose, given }));
    const ofVerdict = (verdict: Judged["verdict"]): readonly Evidence[] =>
      judged.filter((one) => one.verdict === verdict).map(({ evidence }) => evidence);
    if (ofVerdict("fail").length > 0) return fail(ofVerdict("fail"), { text: remedy });
    return ofVerdict("warn").length > 0 ? warn(ofVerdict("warn"), { text: remedy }) : pass(...ofVerdict("pass"));
  };
}

function scopeOf(scope: Scope, roles: Roles): readonly Service[] {
  switch (scope) {
    case "own":
      return ownServices(roles);
    case "all":
      return roles.all;
    case "inner":
      return ownServices(roles).filter((service) => service !== roles.edge);
    case "collector":
      return roles.collector === undefined ? [] : [roles.collector];
    case "edge":
      return roles.edge === undefined ? [] : [roles.edge];
  }
}

/** A judgement of a key of a service. */
export function judged(
  verdict: Judged["verdict"],
  service: Service,
  path: readonly (string | number)[],
  found: string,
): Judged {
  const key = path.filter((part) => typeof part === "string").join(".");
  return {
    verdict,
    evidence: { what: `${key} of ${service.name}`, found: found || "(none)", where: service.where(...path) },
  };
}
