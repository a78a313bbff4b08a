/** What the checks of origins find out: each function answers one question about ALLOWED_ORIGINS. */
import { type Finding, fail, pass, skip, warn } from "../check.ts";
import type { Given } from "../inputs.ts";
import { type CollectorSettings, splitOrigins } from "./collector-settings.ts";
import { rolesOf } from "./compose/service-roles.ts";
import { isLocalOrigin, strictOrigin, withAndWithoutWww } from "./site-origins.ts";
import { editValue } from "./value-edit.ts";

const NAME = "ALLOWED_ORIGINS";

/** The list as it reaches the collector. */
export type Origins = CollectorSettings & {
  readonly written: string;
  readonly origins: readonly string[];
  readonly where: string;
};

/** Reads them. */
export async function originsOf(given: Given): Promise<Origins> {
  const settings = await given.need("settings");
  const written = settings.values.get(NAME) ?? "";
  return { ...settings, written, origins: splitOrigins(written).origins, where: settings.whereIs(NAME) };
}

/** Is the list there, in the collector's environment? */
export async function judgeSet(given: Given): Promise<Finding> {
  const { written, where, whereIs } = await originsOf(given);
  if (splitOrigins(written).origins.length > 0 || splitOrigins(written).refused.length > 0) {
    return pass({ what: NAME, found: written, where });
  }
  const [env, compose] = [await given.may("env"), await given.may("compose")];
  const inFile = env?.values.get(NAME) ?? "";
  if (inFile !== "" && compose !== undefined) {
    return fail(
      [
        { what: `${NAME} of the collector`, found: "(none)", where: whereIs(NAME) },
        { what: `${NAME} in the file of variables`, found: inFile, where: env?.whereIs(NAME) ?? "" },
      ],
      {
        text: "The value does not reach the collector. Add to its environment in the compose file: ALLOWED_ORIGINS: $ALLOWED_ORIGINS",
      },
    );
  }
  return fail([{ what: NAME, found: "(none)", where: env?.path ?? where }], {
    text: `Add a line to ${env?.path ?? ".env"}: ALLOWED_ORIGINS=https://example.com,https://www.example.com`,
  });
}

/** Does the collector accept each entry? */
export async function judgeParse(given: Given): Promise<Finding> {
  const { written, where } = await originsOf(given);
  const { refused } = splitOrigins(written);
  if (refused.length === 0) return pass({ what: NAME, found: written, where });
  const mended = written
    .split(",")
    .map((item) => (refused.includes(item.trim()) ? (strictOrigin(item.trim()) ?? item.trim()) : item.trim()))
    .join(",");
  const edit = splitOrigins(mended).refused.length === 0 ? editValue(await given.may("env"), NAME, mended) : undefined;
  return fail(
    refused.map((item) => ({ what: NAME, found: item, where })),
    {
      text: `The collector does not start with it. Write ${NAME}=${mended}`,
      ...(edit !== undefined && { edits: [edit] }),
    },
  );
}

/** Is the site's origin in it? */
export async function judgeNamesSite(given: Given): Promise<Finding> {
  const { origins, written, where } = await originsOf(given);
  const asked = given.options.site?.origin;
  const isNamed = (origin: string): boolean =>
    origins.some((one) => one === origin || one === origin.replace(/^(https?:\/\/)[^.]+\./, "$1*."));
  const production = origins.find((origin) => origin.startsWith("https://") && !isLocalOrigin(origin));
  if (asked === undefined ? production !== undefined : isNamed(asked))
    return pass({ what: NAME, found: written, where });
  const wanted = asked ?? "https://example.com (the origin of your site)";
  const edit = asked === undefined ? undefined : editValue(await given.may("env"), NAME, [...origins, asked].join(","));
  return fail([{ what: NAME, found: written, where }], {
    text: `The pages of the site may not send events: add ${wanted} to ${NAME}.`,
    ...(edit !== undefined && { edits: [edit] }),
  });
}

/** Is the other form of each host in it? */
export async function judgeWww(given: Given): Promise<Finding> {
  const { origins, written, where } = await originsOf(given);
  const isCovered = (origin: string): boolean => {
    const wildcard = origin.replace(/^(https:\/\/)[^.]+\./, "$1*.");
    return origins.includes(origin) || origins.includes(wildcard);
  };
  const missing = origins.flatMap(withAndWithoutWww).filter((origin) => !isCovered(origin));
  if (missing.length === 0) return pass({ what: NAME, found: written, where });
  return warn(
    missing.map((origin) => ({ what: `${NAME} lacks ${origin}`, found: written, where })),
    {
      text: `If pages are served there, too, they cannot send events: add ${missing.join(", ")}. If it only redirects, all is well.`,
    },
  );
}

/** Has the edge the same list? */
export async function judgeEdge(given: Given): Promise<Finding> {
  const { edge, collector } = rolesOf(await given.need("compose"));
  if (collector === undefined || edge === undefined)
    return skip("the compose file has no edge: give --nginx FILE of the one in front");
  const listOf = (text: string | undefined): readonly string[] => [...splitOrigins(text ?? "").origins].sort();
  const [own, its] = [collector.environment.get(NAME), edge.environment.get(NAME)];
  const takesNone = its === undefined && ![...edge.environment.keys()].some((name) => name.startsWith("EDGE_"));
  if (takesNone)
    return skip("the edge of this compose file takes no ALLOWED_ORIGINS; give --nginx FILE to see what it allows");
  const evidence = [
    { what: `${NAME} of ${edge.name}`, found: its ?? "(none)", where: edge.where("environment", NAME) },
    { what: `${NAME} of ${collector.name}`, found: own ?? "(none)", where: collector.where("environment", NAME) },
  ];
  if (listOf(own).join() === listOf(its).join()) return pass(...evidence);
  return fail(evidence, {
    text: "A page of an origin that only the collector knows cannot read what the edge refuses; the edge's own answers name the others. Give both the same: ALLOWED_ORIGINS: $ALLOWED_ORIGINS",
  });
}

/** Do the sites have the hosts of the origins? */
export async function judgeSites(given: Given): Promise<Finding> {
  const { settings, values, origins, whereIs } = await originsOf(given);
  const written = values.get("METRICS_SITES") ?? "";
  const where = whereIs("METRICS_SITES");
  if (written === "") return pass({ what: "METRICS_SITES", found: "(none): the hosts of ALLOWED_ORIGINS", where });
  const hostOf = (origin: string): string => origin.replace(/^https?:\/\//, "").replace(/:\d+$/, "");
  const named = origins.filter((origin) => origin !== "null" && origin !== "*").map(hostOf);
  const covers = (pattern: string, host: string): boolean =>
    pattern === host || (pattern.startsWith("*.") && host.endsWith(pattern.slice(1)));
  const hosts = settings.sites.flatMap((site) => site.hosts);
  const strangers = named.filter((pattern) => !hosts.some((host) => covers(pattern, host)));
  const silent = hosts.filter((host) => !named.some((pattern) => covers(pattern, host)));
  if (strangers.length + silent.length === 0) return pass({ what: "METRICS_SITES", found: written, where });
  return warn(
    [
      ...strangers.map((host) => ({ what: `METRICS_SITES lacks ${host}`, found: written, where })),
      ...silent.map((host) => ({
        what: `ALLOWED_ORIGINS lacks ${host}`,
        found: origins.join(","),
        where: whereIs(NAME),
      })),
    ],
    {
      text: "Events of a host that no site has are counted for the default site; pages of a host without an origin may not send. Name the same hosts in both.",
    },
  );
}
