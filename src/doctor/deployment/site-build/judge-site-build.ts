/** What the checks of a site's build find out: where its events go, and whose it sends. */
import { type Evidence, type Finding, fail, pass, skip } from "../../check.ts";
import type { Given } from "../../inputs.ts";
import { rolesOf } from "../compose/service-roles.ts";
import { isLocalHost } from "../site-origins.ts";
import { type Bundle, builtValue, readBundle, scriptWith } from "./bundle.ts";
import { findViteSites, type ViteSite } from "./vite-values.ts";

const BASE = "VITE_API_BASE_URL";
const RATE = "VITE_METRICS_SAMPLE_RATE";
const GIVE = "no VITE_ variables are to be seen: give --env FILE with them, or --repo DIR of the site";

async function sitesOf(given: Given): Promise<readonly ViteSite[]> {
  const repo = await given.may("repo");
  return findViteSites(repo?.path, await given.may("env"));
}

/** Is VITE_API_BASE_URL an address that browsers on the internet can reach over TLS? */
export async function judgeBaseUrl(given: Given): Promise<Finding> {
  const sites = await sitesOf(given);
  if (sites.length === 0) return skip(GIVE);
  const problems = sites.flatMap(({ folder, values }) => {
    const { value = "", where = folder ?? "" } = values.get(BASE) ?? {};
    const problem = baseUrlProblem(value);
    return problem === undefined ? [] : [{ what: `${BASE} ${problem}`, found: value || "(none)", where }];
  });
  if (problems.length > 0)
    return fail(problems, { text: `Write ${BASE}=https:// with the host of the edge, and build anew.` });
  return pass(...sites.map((site) => baseEvidence(site)));
}

function baseUrlProblem(value: string): string | undefined {
  if (value === "") return "is not given, so that events go to the site itself";
  if (/^\/(?![/\\])[^\s?#\\]*$/.test(value)) return undefined;
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol)) return "is no address";
  if (isLocalHost(url.hostname.replace(/^\[|\]$/g, ""))) return "is of a developer's machine";
  if (url.protocol === "http:") return "is without TLS, and a page of https may not send there";
  if (/\/api\/metrics/.test(url.pathname)) return "has the path of the API, which the tracker adds by itself";
  return `${url.search}${url.hash}${url.username}` === "" ? undefined : "has more than scheme, host and path";
}

function baseEvidence({ values, folder }: ViteSite): Evidence {
  const { value = "(none)", where = folder ?? "" } = values.get(BASE) ?? {};
  return { what: BASE, found: value, where };
}

/** Does VITE_API_BASE_URL name the edge? */
export async function judgeNamesEdge(given: Given): Promise<Finding> {
  const sites = (await sitesOf(given)).filter(({ values }) => !(values.get(BASE)?.value ?? "/").startsWith("/"));
  if (sites.length === 0) return skip(GIVE);
  const edge = await edgeHosts(given);
  if (edge === undefined)
    return skip("the host of the edge is not to be seen: give --url, or --compose FILE with EDGE_DOMAIN");
  const wrong = sites.filter(
    ({ values }) => !edge.hosts.includes(URL.parse(values.get(BASE)?.value ?? "")?.hostname ?? ""),
  );
  if (wrong.length === 0) return pass(...sites.map(baseEvidence), edge.evidence);
  return fail([...wrong.map(baseEvidence), edge.evidence], {
    text: `Events go to another host than the edge. Write ${BASE}=https://${edge.hosts[0]} and build anew.`,
  });
}

async function edgeHosts(
  given: Given,
): Promise<{ readonly hosts: readonly string[]; readonly evidence: Evidence } | undefined> {
  const { url } = given.options;
  if (url !== undefined) return { hosts: [url.hostname], evidence: { what: "--url", found: url.href } };
  const compose = await given.may("compose");
  const edge = compose === undefined ? undefined : rolesOf(compose).edge;
  const domain = edge?.environment.get("EDGE_DOMAIN") ?? "";
  if (edge === undefined || domain === "") return undefined;
  const evidence = { what: "EDGE_DOMAIN", found: domain, where: edge.where("environment", "EDGE_DOMAIN") };
  return { hosts: domain.split(/\s+/), evidence };
}

/** Does the built site hold the address? */
export async function judgeBundleBaseUrl(given: Given): Promise<Finding> {
  return judgeBundle(given, BASE, (bundle, value) => {
    const built = builtValue(bundle, BASE);
    const local = scriptWith(bundle, /https?:\/\/(localhost|127\.0\.0\.1)(:\d+)?(?=\/api\/metrics|["'`])/);
    const script = scriptWith(bundle, value);
    if (script !== undefined && (built === undefined || built.value === value)) {
      return pass({ what: BASE, found: value, where: script.path });
    }
    const lost = scriptWith(bundle, "undefined/api/metrics");
    const found =
      built ??
      (local === undefined ? undefined : { value: "an address of a developer's machine", where: local.path }) ??
      (lost === undefined ? undefined : { value: "undefined/api/metrics", where: lost.path });
    return fail(
      [
        { what: `${BASE} in the bundle`, found: found?.value || "(not in it)", where: found?.where ?? bundle.folder },
        { what: BASE, found: value },
      ],
      { text: "Vite puts the value in as it builds: set it where the site is built, build anew, and deploy that." },
    );
  });
}

/** Does the built site hold the rate? */
export async function judgeBundleRate(given: Given): Promise<Finding> {
  return judgeBundle(given, RATE, (bundle, value) => {
    const built = builtValue(bundle, RATE);
    if (built === undefined)
      return skip(`${bundle.folder} does not name ${RATE} beside its value, so it cannot be seen from outside`);
    const evidence = { what: `${RATE} in the bundle`, found: built.value, where: built.where };
    if (Number(built.value) === Number(value)) return pass(evidence);
    return fail([evidence, { what: RATE, found: value }], {
      text: "Vite puts the value in as it builds: set it where the site is built, build anew, and deploy that.",
    });
  });
}

async function judgeBundle(
  given: Given,
  name: string,
  judge: (bundle: Bundle, value: string) => Finding,
): Promise<Finding> {
  const repo = await given.need("repo");
  const sites = (await sitesOf(given)).filter(({ values }) => (values.get(name)?.value ?? "") !== "");
  if (sites.length === 0) return skip(`${name} is not given: give --env FILE with it, or --repo DIR of the site`);
  const found = sites.flatMap(({ folder, values }) => {
    const bundle = readBundle(folder ?? repo.path);
    return bundle === undefined ? [] : [judge(bundle, values.get(name)?.value ?? "")];
  });
  const worst =
    found.find(({ verdict }) => verdict === "fail") ?? found.find(({ verdict }) => verdict === "skipped") ?? found[0];
  return worst ?? skip("nothing is built in the repository: build the site, or give --repo DIR of where it is built");
}

/** Is the tracker's rate one that the collector takes, and what does it come to with the server's? */
export async function judgeTrackerRate(given: Given): Promise<Finding> {
  const sites = await sitesOf(given);
  if (sites.length === 0) return skip(GIVE);
  const settings = await given.may("settings");
  const least = settings?.settings.minTrackerRate ?? 0;
  const server = settings?.settings.sampleRate ?? 1;
  const evidence = sites.map(({ values, folder }) => {
    const { value = "", where = folder ?? "" } = values.get(RATE) ?? {};
    const rate = value === "" ? 1 : /^\d*\.?\d+$/.test(value) ? Number(value) : Number.NaN;
    return { rate, what: RATE, found: value || "(none): 1", where };
  });
  const wrong = evidence.filter(({ rate }) => !(rate > 0 && rate <= 1 && rate >= least));
  if (wrong.length > 0) {
    const floor = {
      what: "METRICS_MIN_TRACKER_RATE",
      found: String(least),
      where: settings?.whereIs("METRICS_MIN_TRACKER_RATE") ?? "",
    };
    const found = wrong.map(({ what, found: value, where }) => ({ what, found: value, where }));
    return fail(wrong.some(({ rate }) => rate > 0 && rate < least) ? [...found, floor] : found, {
      text: `Give a number above 0 and at most 1, no less than METRICS_MIN_TRACKER_RATE (${least}): at 0 nobody is counted, and events with a lower rate are refused.`,
    });
  }
  return pass(
    ...evidence.map(({ rate, what, found, where }) => ({
      ...{ what, where },
      found: `${found}; with the server's ${server}: ${Number((100 * rate * server).toPrecision(4))} % of visitors are stored`,
    })),
  );
}
