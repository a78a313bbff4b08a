/** Section 1 by the files: which origins may send events, and that collector and edge have the same list. */
import { type Check, type Evidence, type Finding, fail, pass, warn } from "../check.ts";
import {
  judgeEdge,
  judgeNamesSite,
  judgeParse,
  judgeSet,
  judgeSites,
  judgeWww,
  type Origins,
  originsOf,
} from "../deployment/judge-origins.ts";
import { isLocalOrigin, openWildcard } from "../deployment/site-origins.ts";

const NAME = "ALLOWED_ORIGINS";
const SET = "cors.origins-set";
const PARSE = "cors.origins-parse";

/** A check of each origin of the list. */
function judgeEach(
  judge: (origin: string) => boolean,
  finding: (evidence: readonly Evidence[], origins: Origins) => Finding,
): Check["run"] {
  return async (given) => {
    const origins = await originsOf(given);
    const bad = origins.origins.filter(judge);
    if (bad.length === 0) return pass({ what: NAME, found: origins.written, where: origins.where });
    return finding(
      bad.map((origin) => ({ what: NAME, found: origin, where: origins.where })),
      origins,
    );
  };
}

const OF_SETTINGS = { needs: ["settings"], after: ["environment.settings-parse", SET] } as const;

export const CORS_CHECKS: readonly Check[] = [
  {
    id: SET,
    line: "1.2",
    severity: "critical",
    asks: "ALLOWED_ORIGINS is set and reaches the collector",
    how: "Reads the collector's environment as Compose makes it of the compose file and its variables; without a compose file the file of variables.",
    remedy: "Set ALLOWED_ORIGINS, and hand it to the collector in the compose file: ALLOWED_ORIGINS: $ALLOWED_ORIGINS.",
    needs: ["settings"],
    may: ["env", "compose"],
    after: ["environment.settings-parse"],
    run: judgeSet,
  },
  {
    id: PARSE,
    line: "1.1",
    severity: "critical",
    asks: "Each entry of ALLOWED_ORIGINS is an origin: scheme, host and port, without path or trailing slash",
    how: "Reads each entry as the collector does, which does not start with one that it cannot read.",
    remedy: "Write each origin as browsers send it: https://example.com.",
    needs: ["settings"],
    may: ["env"],
    after: ["environment.settings-parse", SET],
    run: judgeParse,
  },
  {
    id: "cors.no-wildcard",
    line: "1.1",
    severity: "critical",
    asks: "ALLOWED_ORIGINS does not let in every origin",
    how: "Looks for * in the list.",
    remedy: "Name each origin of the site.",
    ...OF_SETTINGS,
    run: judgeEach(
      (origin) => origin === "*",
      (evidence) =>
        fail(evidence, {
          text: "Any page of anybody may send events so, and a collector on the internet does not start. Name each origin.",
        }),
    ),
  },
  {
    id: "cors.no-open-wildcard",
    line: "1.1",
    severity: "high",
    asks: "A wildcard in ALLOWED_ORIGINS covers hosts of the site's owner only",
    how: "Looks for wildcards below a top-level domain, or below a domain under which anybody gets a name, such as github.io.",
    remedy: "Name the hosts, or put the wildcard below a domain of yours: https://*.example.com.",
    ...OF_SETTINGS,
    run: judgeEach(openWildcard, (evidence) =>
      fail(evidence, { text: `Under ${namesFound(evidence)} anybody can have a page. Name your own hosts.` }),
    ),
  },
  {
    id: "cors.names-site",
    line: "1.1",
    severity: "critical",
    asks: "ALLOWED_ORIGINS names the origin of the site",
    how: "Looks for the origin of --site in the list; without --site for any origin of https that is not a developer's machine.",
    remedy: "Add the origin of the site, as the browser's address bar has it.",
    needs: ["settings"],
    may: ["env"],
    after: ["environment.settings-parse", SET, PARSE, "cors.no-wildcard", "cors.no-open-wildcard"],
    run: judgeNamesSite,
  },
  {
    id: "cors.no-local-origins",
    line: "1.1",
    severity: "low",
    asks: "ALLOWED_ORIGINS names no origin of a developer's machine",
    how: "Looks for localhost, loopback and private addresses, .local and .test.",
    remedy: "Take it out of the production list; a collector on the developer's machine has a list of its own.",
    ...OF_SETTINGS,
    after: [...OF_SETTINGS.after, "cors.names-site"],
    run: judgeEach(isLocalOrigin, (evidence) =>
      warn(evidence, {
        text: `Whatever runs on a developer's machine may send events into production. Take out ${namesFound(evidence)}.`,
      }),
    ),
  },
  {
    id: "cors.https-origins",
    line: "1.1",
    severity: "medium",
    asks: "Each origin in ALLOWED_ORIGINS is of https",
    how: "Looks for http:// in the list.",
    remedy: "Serve the site over https and name that origin.",
    ...OF_SETTINGS,
    after: [...OF_SETTINGS.after, "cors.names-site"],
    run: judgeEach(
      (origin) => origin.startsWith("http://") && !isLocalOrigin(origin),
      (evidence, { origins }) => {
        const twin = evidence.find(({ found }) => !origins.includes(found.replace("http:", "https:")));
        const change = twin === undefined ? "Take it out" : `Write ${twin.found.replace("http:", "https:")}`;
        return warn(evidence, {
          text: `What comes from a page without TLS anybody on the way could have written. ${change}.`,
        });
      },
    ),
  },
  {
    id: "cors.no-null-origin",
    line: "1.1",
    severity: "medium",
    asks: "ALLOWED_ORIGINS does not let in sandboxed frames of everybody (null)",
    how: "Looks for null in the list.",
    remedy: "Take null out, unless pages of yours run in sandboxed frames and you accept what others send from theirs.",
    ...OF_SETTINGS,
    run: judgeEach(
      (origin) => origin === "null",
      (evidence) =>
        warn(evidence, { text: "Any page can make a frame with the origin null. Take it out unless you need it." }),
    ),
  },
  {
    id: "cors.www-and-bare",
    line: "1.1",
    severity: "low",
    asks: "ALLOWED_ORIGINS names the site with and without www",
    how: "Looks for the other form of each https origin that begins with www. or is a bare domain.",
    remedy: "Add the other form, unless it only redirects.",
    ...OF_SETTINGS,
    may: ["env"],
    after: [...OF_SETTINGS.after, "cors.names-site"],
    run: judgeWww,
  },
  {
    id: "cors.edge-has-same-origins",
    line: "1.2",
    severity: "high",
    asks: "The edge has the same ALLOWED_ORIGINS as the collector",
    how: "Compares the environments of the two services of the compose file.",
    remedy: "Hand the edge the same variable: ALLOWED_ORIGINS: $ALLOWED_ORIGINS.",
    needs: ["compose"],
    after: ["environment.compose-reads", SET, PARSE],
    run: judgeEdge,
  },
  {
    id: "cors.sites-have-origins",
    line: "1.1",
    severity: "medium",
    asks: "METRICS_SITES and ALLOWED_ORIGINS name the same hosts",
    how: "Looks for the host of each origin among the hosts of the sites, and the other way round.",
    remedy:
      "Add the host to METRICS_SITES or its origin to ALLOWED_ORIGINS; left empty, METRICS_SITES follows the origins.",
    ...OF_SETTINGS,
    after: [...OF_SETTINGS.after, PARSE, "cors.no-wildcard", "cors.names-site"],
    run: judgeSites,
  },
];

function namesFound(evidence: readonly Evidence[]): string {
  return evidence.map(({ found }) => found).join(", ");
}
