/** A deployment that runs: a real collector behind a real edge, and a site over TLS, which the doctor looks at from outside. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DemoSite, serveDemoSite } from "../../../site/serve.ts";
import { readSettings } from "../../../src/config.ts";
import type { DoctorOptions } from "../../../src/doctor/inputs.ts";
import { ask } from "../../../src/doctor/probe/ask.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";
import { complaintsOf, type Deployment, DOMAIN, makeGoodDeployment, SITE_ORIGIN } from "../good-deployment.ts";
import { type AnswerGate, openAnswerGate, type PassingAnswer } from "./answer-gate.ts";
import { type Certificate, type CertificateOptions, type LiveEdge, makeLiveCertificate, type PatchEdge, startLiveEdge } from "./live-edge.ts";
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
  /** In what the doctor is called with. */
  readonly options?: Partial<DoctorOptions>;
};

export type LiveFault = {
  /** What is wrong, as a sentence of fact. */
  readonly name: string;
  readonly change: LiveChange;
  /** The one check that must find it. */
  readonly finds: string;
  /** What its evidence must name. */
  readonly names: RegExp;
};

export type LiveDeployment = {
  /** Runs the doctor over it, with a fault or none; returns what was not well. */
  readonly examine: (change?: LiveChange) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
};

type Parts = {
  readonly folder: string;
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
  const parts: Parts = { folder, certificate, collector, gate, edge, demo, site };
  let clients = 1;
  return {
    examine: (change = {}) => examine(parts, change, `127.0.7.${++clients}`),
    close: async () => {
      await edge.close();
      gate.close();
      site.close();
      await Promise.all([demo.close(), collector.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startCollector(settings: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  // The event loop is that of the tests, too: how late it is says nothing of the collector.
  const own = { ALLOWED_ORIGINS: ORIGINS, TRUSTED_PROXIES: "127.0.0.1", METRICS_STORE: "off", METRICS_MAX_LAG_MS: "60000" };
  return startTestServer({ settings: { ...own, ...settings } });
}

async function examine(parts: Parts, change: LiveChange, from: string): Promise<readonly string[]> {
  const { gate, site, folder, collector } = parts;
  const other = change.settings && (await startCollector(change.settings));
  const certificate = change.certificate ? makeLiveCertificate(folder, change.certificate) : parts.certificate;
  const hasOwnEdge = change.edge !== undefined || change.certificate !== undefined || change.isPlain === true;
  const options = { collector: `127.0.0.1:${gate.port}`, certificate, change: change.isPlain ? removeTls : change.edge };
  const edge = hasOwnEdge ? await startLiveEdge(options) : parts.edge;
  const ways = [await openWayIn(edge.httpsPort, from), await openWayIn(edge.httpPort, from)] as const;
  const ca = parts.certificate.pem + (change.certificate?.isTrusted === false ? "" : certificate.pem);
  const url = new URL(`${change.isPlain ? "http" : "https"}://${DOMAIN}/`);
  const connectTo = new Map<string, { readonly host: string; readonly port: number }>([
    [`${DOMAIN}:443`, ways[0]],
    [`${DOMAIN}:80`, change.isPlain ? ways[0] : ways[1]],
    [`${new URL(SITE_ORIGIN).hostname}:443`, { host: "127.0.0.1", port: site.port }],
  ]);
  const deployment = makeGoodDeployment({
    ...{ url, site: new URL(`${SITE_ORIGIN}/`), network: { connectTo, ca } },
    // No browser is found: it would take most of the time.
    environment: {},
    ...change.options,
  });
  Object.assign(gate, { target: other?.url ?? collector.url, change: change.answer ?? keep });
  Object.assign(site, { change: change.page ?? keep });
  try {
    change.files?.(deployment);
    for (let count = 0; count < 3; count++) await sendEvent(deployment.options);
    return await complaintsOf(deployment.options);
  } finally {
    for (const way of ways) way.close();
    if (hasOwnEdge) await edge.close();
    await other?.close();
    deployment.remove();
  }
}

function keep(): void {
  // As it came.
}

function removeTls(patch: PatchEdge): void {
  patch("conf.d/passerby.conf", " ssl http2", "");
  patch("conf.d/passerby.conf", "ssl_reject_handshake on;", "");
}

/** An event of a visitor, as the snapshot has it afterwards. */
async function sendEvent({ url, network }: DoctorOptions): Promise<void> {
  const headers = { origin: SITE_ORIGIN, "content-type": "application/json" };
  const asking = { method: "POST", headers, body: '{"event":"page_view"}' };
  await ask(network, new URL("/api/metrics/event", url), asking).catch(keep);
}
