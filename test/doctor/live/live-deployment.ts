/** A deployment that runs: a real collector behind a real edge, and a site over TLS, which the doctor looks at from outside. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DemoSite, serveDemoSite } from "../../../site/serve.ts";
import { readSettings } from "../../../src/config.ts";
import type { DoctorOptions } from "../../../src/doctor/inputs.ts";
import { ask, type Network } from "../../../src/doctor/probe/ask.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";
import { complaintsOf, type Deployment, DOMAIN, makeGoodDeployment, SITE_ORIGIN } from "../good-deployment.ts";
import { type AnswerGate, openAnswerGate, type PassingAnswer } from "./answer-gate.ts";
import {
  type Certificate,
  type CertificateOptions,
  type LiveEdge,
  makeLiveCertificate,
  type PatchEdge,
  startLiveEdge,
} from "./live-edge.ts";
import { openWayIn } from "./way-in.ts";

const ORIGINS = `${SITE_ORIGIN},https://www.example.com`;

/** What is broken, in one place; all else is as in the good deployment. */
export type LiveChange = {
  /** In the files of the edge, before nginx starts. */
  readonly edge?: (patch: PatchEdge) => void;
  /** In answers of the collector, before the edge sees them. */
  readonly answer?: (answer: PassingAnswer) => void;
  /** In what the collector is started with. */
  readonly settings?: Readonly<Record<string, string>>;
  /** In pages and scripts of the site. */
  readonly page?: (answer: PassingAnswer) => void;
  /** In the certificate of the edge. */
  readonly certificate?: CertificateOptions;
  /** In the files that the owner has. */
  readonly files?: (deployment: Deployment) => void;
  /** The edge speaks no TLS, and --url says so. */
  readonly isPlain?: boolean;
  /** The doctor may look with a browser, send a burst, or do both and see all files. */
  readonly hasBrowser?: boolean;
  readonly hasLoad?: boolean;
  readonly isWhole?: boolean;
  /** The key that the doctor is given. */
  readonly key?: string;
};

export type LiveFault = {
  /** What is wrong, as a sentence of fact. */
  readonly name: string;
  readonly change: LiveChange;
  /** The one check that must find it. */
  readonly finds: string;
  /** What its evidence must name. */
  readonly names: RegExp;
  /** Another case of what a fault beside it stands for: tried in the long run of the tests only. */
  readonly isMore?: boolean;
};

export type LiveDeployment = {
  /** Runs the doctor over it, with a fault or none; returns what was not well. */
  readonly examine: (change?: LiveChange) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
};

type Parts = {
  readonly folder: string;
  readonly deployment: Deployment;
  readonly certificate: Certificate;
  readonly collector: TestServer;
  readonly gate: AnswerGate;
  readonly edge: LiveEdge;
  readonly demo: DemoSite;
  readonly site: AnswerGate;
};

/** Starts it. Close it. */
export async function startLiveDeployment(): Promise<LiveDeployment> {
  const folder = mkdtempSync(join(tmpdir(), "passerby-doctor-live-"));
  const certificate = makeLiveCertificate(folder);
  const tls = { key: readFileSync(certificate.keyPath), cert: readFileSync(certificate.path) };
  const collector = await startCollector();
  const gate = await openAnswerGate(collector.url);
  const edge = await startLiveEdge({ collector: `127.0.0.1:${gate.port}`, certificate });
  const settings = readSettings({ ALLOWED_ORIGINS: ORIGINS });
  const demo = await serveDemoSite({ port: 0, apiBaseUrl: `https://${DOMAIN}`, settings });
  const site = await openAnswerGate(demo.url, tls);
  const deployment = makeGoodDeployment();
  deployment.write(ENV, VARIABLES);
  const parts: Parts = { folder, deployment, certificate, collector, gate, edge, demo, site };
  let clients = 1;
  return {
    examine: (change = {}) => examine(parts, change, `127.0.7.${++clients}`),
    close: async () => {
      await edge.close();
      gate.close();
      site.close();
      await Promise.all([demo.close(), collector.close()]);
      deployment.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startCollector(settings: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  // The event loop is that of the tests, too: how late it is says nothing of the collector.
  const own = { METRICS_MAX_LAG_MS: "60000", METRICS_STORE: "off" };
  return startTestServer({ settings: { ALLOWED_ORIGINS: ORIGINS, TRUSTED_PROXIES: "127.0.0.1", ...own, ...settings } });
}

async function examine(parts: Parts, change: LiveChange, from: string): Promise<readonly string[]> {
  const { gate, site, folder, deployment } = parts;
  const collector = change.settings ? await startCollector(change.settings) : parts.collector;
  const certificate = change.certificate ? makeLiveCertificate(folder, change.certificate) : parts.certificate;
  const edge = await startEdgeOf(change, { gate, certificate, good: parts.edge });
  const ways = [await openWayIn(edge.httpsPort, from), await openWayIn(edge.httpPort, from)] as const;
  const isTrusted = change.certificate?.isTrusted !== false;
  const network = networkOf(parts, ways, { isPlain: change.isPlain === true, pem: isTrusted ? certificate.pem : "" });
  const url = new URL(`${change.isPlain ? "http" : "https"}://${DOMAIN}/`);
  Object.assign(gate, { target: collector.url, change: change.answer ?? keep });
  Object.assign(site, { change: change.page ?? keep });
  try {
    change.files?.(deployment);
    // The first time, and of a collector of its own, there is nothing to be seen yet.
    if (collector.readLog().length === 0) await sendEvents(url, network);
    return await complaintsOf({
      ...{ ...deployment.options, ...settingsOnly(deployment), ...wholeOf(change, deployment) },
      ...{ url, site: new URL(`${SITE_ORIGIN}/`), network },
    });
  } finally {
    deployment.write(ENV, VARIABLES);
    for (const way of ways) way.close();
    if (edge !== parts.edge) await edge.close();
    if (collector !== parts.collector) await collector.close();
  }
}

/** All that the owner has, a browser, and leave to send a burst. */
function wholeOf({ isWhole, hasBrowser, hasLoad, key }: LiveChange, { options }: Deployment): Partial<DoctorOptions> {
  const environment = { PATH: process.env["PATH"] };
  return {
    ...(isWhole ? { ...options, environment, load: true } : {}),
    ...(hasBrowser ? { environment } : {}),
    ...(hasLoad ? { load: true } : {}),
    ...(key === undefined ? {} : { key }),
  };
}

/** Of the files the settings are enough, as a unit of systemd has them: all others would take most of the time. */
export const ENV = "deploy/passerby.env";
const VARIABLES = `ALLOWED_ORIGINS=https://example.com,https://www.example.com
TRUSTED_PROXIES=127.0.0.1
METRICS_RETENTION_DAYS=30
SNAPSHOT_ACCESS=redacted
`;

function settingsOnly({ dir }: Deployment): Partial<DoctorOptions> {
  return { compose: undefined, nginx: undefined, env: join(dir, ENV), environment: {} };
}

type EdgeParts = { readonly gate: AnswerGate; readonly certificate: Certificate; readonly good: LiveEdge };

async function startEdgeOf(change: LiveChange, { gate, certificate, good }: EdgeParts): Promise<LiveEdge> {
  const patching = change.isPlain ? removeTls : change.edge;
  if (patching === undefined && change.certificate === undefined) return good;
  return startLiveEdge({ collector: `127.0.0.1:${gate.port}`, certificate, change: patching });
}

function networkOf(
  { site, certificate }: Parts,
  [https, http]: readonly [Place, Place],
  { isPlain, pem }: { readonly isPlain: boolean; readonly pem: string },
): Network {
  const places: readonly (readonly [string, Place])[] = [
    [`${DOMAIN}:443`, https],
    [`${DOMAIN}:80`, isPlain ? https : http],
    [`${new URL(SITE_ORIGIN).hostname}:443`, { host: "127.0.0.1", port: site.port }],
  ];
  return { connectTo: new Map(places), ca: certificate.pem + pem };
}

type Place = { readonly host: string; readonly port: number };

function keep(): void {
  // As it came.
}

function removeTls(patch: PatchEdge): void {
  patch("conf.d/passerby.conf", / ssl( http2)?(?=[ ;])| {4}http2 on;/g, "");
  patch("conf.d/passerby.conf", "ssl_reject_handshake on;", "");
}

/** Events of visitors, as the snapshot has them afterwards. */
async function sendEvents(url: URL, network: Network): Promise<void> {
  const headers = { origin: SITE_ORIGIN, "content-type": "application/json" };
  const body = '[{"event":"page_view"},{"event":"page_view"},{"event":"page_view"}]';
  await ask(network, new URL("/api/metrics/event", url), { method: "POST", headers, body });
}
