/**
 * Mutants of the good deployment: each has one key, item or value changed, and the doctor has to complain. Those of which it
 * cannot, since they change nothing or nothing that files show, are listed by name with the reason.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isLong } from "../means.ts";
import { complaintsOf, makeGoodDeployment } from "./good-deployment.ts";
import { type Mutant, mutateCompose, mutateEnv } from "./mutations.ts";

const COMPOSE = "deploy/docker-compose.full.yml";
const ENV = "deploy/.env";

/** The short run takes every so manieth. */
const SHORT_STEP = 12;
const LEAST_SHARE = 0.95;

/** Mutants that are as good as the good one, or that only the running system tells. */
const EQUIVALENT: readonly (readonly [name: RegExp, reason: string])[] = [
  [/^x-hardened\.user: 1001:100$/, "another group, which owns nothing: the user stays 1001"],
  [/^without x-hardened\.logging\.driver$/, "json-file is Docker's default"],
  [/^without x-hardened\.logging\.options\.max-file$/, "the default is one file, and its size is bounded"],
  [
    /^without services\.(edge|metrics-rotator)\.depends_on/,
    "only the order of a start: each waits for the other by itself",
  ],
  [/^without services\.edge\.sysctls/, "Docker sets it to 0 in every container since 20.10"],
  [/^without services\.edge\.healthcheck\.test\[--silent\]$/, "only what curl prints"],
  [
    /^without services\.[\w-]+\.healthcheck\.(interval|timeout|retries|start_period)$/,
    "Docker's defaults: 30 s, 30 s, 3, 0 s",
  ],
  [/^without .*25-passerby-http2\.sh:ro\]$|25-passerby-http2\.s:ro$/, "HTTP/2 is on then as well, with a warning"],
  [/^without services\.collector\.(build|command)$/, "the image is pulled, and has the same command"],
  [/^without services\.collector\.healthcheck(\.test)?$/, "the image has the same"],
  [
    /^without services\.(collector|metrics-rotator)\.stop_grace_period$/,
    "Docker's default is 10 s, and 9 s are needed",
  ],
  [/METRICS_(RETENTION_DAYS|MAX_SHARD_MB)$/, "the default is the value that stands there"],
  [
    /^services\.collector\.environment\.METRICS_ADMIN_LISTEN: 172\.30\.232\.3:946$/,
    "another port, which only Prometheus knows",
  ],
  [
    /^without (TLS_CERTIFICATE|TLS_KEY|METRICS_|SNAPSHOT_ACCESS|COLLECTOR_|PASSERBY_IMAGE|EDGE_IMAGE|CERTBOT_|CLOUDFLARE_)/,
    "the compose file has the same default",
  ],
  [/^(TLS_CERTIFICATE|TLS_KEY)=/, "a file that lies on the server alone"],
  [/^(CERTBOT_|CLOUDFLARE_)\w+=/, "for docker-compose.tls.yml, which is not in use here"],
  [/^EDGE_DOMAIN=metrics\.example\.co$/, "a host name like any other: DNS tells, with --url"],
  [/^(PASSERBY|EDGE)_IMAGE=/, "a name like any other: the registry tells"],
];

type Score = { readonly judged: number; readonly caught: number; readonly missed: readonly string[] };

async function score(file: string, mutants: readonly Mutant[]): Promise<Score> {
  const deployment = makeGoodDeployment();
  const path = join(deployment.dir, file);
  const missed: string[] = [];
  const judged = mutants.filter(({ name }) => !EQUIVALENT.some(([pattern]) => pattern.test(name)));
  try {
    for (const { name, text } of judged) {
      writeFileSync(path, text);
      if ((await complaintsOf(deployment.options)).length === 0) missed.push(name);
    }
  } finally {
    deployment.remove();
  }
  return { judged: judged.length, caught: judged.length - missed.length, missed };
}

describe("mutants of the good deployment", () => {
  const deployment = makeGoodDeployment();
  const mutants = [
    { file: COMPOSE, all: mutateCompose(readFileSync(join(deployment.dir, COMPOSE), "utf8")) },
    { file: ENV, all: mutateEnv(readFileSync(join(deployment.dir, ENV), "utf8")) },
  ];
  deployment.remove();

  it.each(mutants)("of $file are caught, all but a few", { timeout: 300_000 }, async ({ file, all }) => {
    const asked = isLong ? all : all.filter((_mutant, index) => index % SHORT_STEP === 0);
    const { judged, caught, missed } = await score(file, asked);
    console.log(
      `${file}: ${all.length} mutants, ${asked.length} tried, ${judged} of them no equivalents, ${caught} caught`,
    );
    expect(caught / judged, `missed: ${missed.join("; ")}`).toBeGreaterThanOrEqual(LEAST_SHARE);
  });

  it("has no reason for an equivalent that is none of them", () => {
    const names = mutants.flatMap(({ all }) => all.map(({ name }) => name));
    expect(EQUIVALENT.filter(([pattern]) => !names.some((name) => pattern.test(name)))).toEqual([]);
  });
});
