/** What the check of nginx's version finds out: that none of the holes is in it that were published when this was written. */
import { type Finding, fail, pass, skip } from "../../check.ts";
import type { Given } from "../../inputs.ts";
import { rolesOf } from "../compose/service-roles.ts";
import { readDockerfile } from "./dockerfile.ts";

type Version = readonly [major: number, minor: number, patch: number];

/**
 * Lines of nginx that are mended, and since which version: all older lines stay open. Among the holes are a request over
 * HTTP/2 (CVE-2026-123007, 1.9.5 and later) and a map with a pattern (CVE-2026-42533), both of which this edge serves with.
 * Source: https://nginx.org/en/security_advisories.html, and the record of the first at cve.org for the versions below.
 */
const MENDED: readonly Version[] = [
  [1, 30, 7],
  [1, 31, 9],
];
const WRITTEN = "30 November 2026";

/** Images that nginx itself publishes: their versions are those of the advisories. Distributions mend older ones. */
const OFFICIAL = /^(?:docker\.io\/)?(?:library\/)?(?:nginx|nginxinc\/nginx-unprivileged):(\d+)\.(\d+)\.(\d+)(?![\d.])/;

/** Is the edge's nginx one without a known hole? */
export async function judgeNginxVersion(given: Given): Promise<Finding> {
  const { edge } = rolesOf(await given.need("compose"));
  const found = [
    { what: "image of the edge", found: edge?.image ?? "", where: edge?.where("image") ?? "" },
    ...(readDockerfile(edge?.dockerfile)?.bases ?? []).map(({ image, where }) => ({
      what: "FROM",
      found: image,
      where,
    })),
  ];
  const versions = found.flatMap((evidence) => {
    const [, ...numbers] = OFFICIAL.exec(evidence.found) ?? [];
    const [major = 0, minor = 0, patch = 0] = numbers.map(Number);
    return numbers.length === 0 ? [] : [{ evidence, isGood: isMended([major, minor, patch]) }];
  });
  if (versions.length === 0) {
    return skip(
      "the compose file has no edge of an image that nginx publishes under a whole version: where a distribution mends its own nginx, ask it (apt list --upgradable)",
    );
  }
  const open = versions.filter(({ isGood }) => !isGood).map(({ evidence }) => evidence);
  if (open.length === 0) return pass(...versions.map(({ evidence }) => evidence));
  const images = MENDED.map((version) => `nginx:${version.join(".")}-alpine`).join(" or ");
  return fail(open, {
    text: `It has holes that were published until ${WRITTEN}. Name ${images}, or a later one: https://nginx.org/en/security_advisories.html.`,
  });
}

function isMended([major, minor, patch]: Version): boolean {
  const line = MENDED.find((version) => version[0] === major && version[1] === minor);
  if (line !== undefined) return patch >= line[2];
  const newest = MENDED.at(-1);
  return newest !== undefined && (major > newest[0] || (major === newest[0] && minor > newest[1]));
}
