/**
 * Asks an edge whether it is braked. The question is a POST below the path of events, where the edge has the same rules:
 * braked it is answered 503 by nginx, else 404 by the collector, which counts it nowhere and stores nothing.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describeError, PasserbyError } from "../../errors.ts";
import { type Answer, ask, headerOf } from "../probe/ask.ts";

const PATH = "/api/metrics/event/brake-check";
const ANSWER_TIMEOUT_MS = 2_000;
/** nginx answers the signal to reload before it has reloaded; old workers may take some requests after that. */
const SETTLE_MS = 5_000;
const RETRY_MS = 100;
/** Answers in a row, each on a connection of its own, that are taken for the truth. */
const ANSWERS_ALIKE = 3;

/** Where an edge is asked. */
export type EdgeAddress = {
  /** As it is told to people. */
  readonly url: string;
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  /** Name of the edge in TLS and in `Host`. */
  readonly name: string;
  /** False on this machine, where nobody can be in between and nothing is sent. */
  readonly isCertificateChecked: boolean;
};

/** What came of asking; `answer` is the last one in words. */
export type EdgeCheck = { readonly url: string; readonly isAsExpected: boolean; readonly answer: string };

/** Reads an address as it was typed. Throws `setting_invalid`. */
export function parseAddress(given: string): EdgeAddress {
  const url = URL.parse(given);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new PasserbyError("setting_invalid", `--url ${given} is no address such as https://metrics.example.com`);
  }
  const isSecure = url.protocol === "https:";
  const port = Number(url.port || (isSecure ? 443 : 80));
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return { url: `${url.origin}${PATH}`, isSecure, host, port, name: url.hostname, isCertificateChecked: true };
}

/** Finds the address in what fill.sh made, beside the folder of the edge; undefined where that is not on this machine. */
export function findAddress(edgeDir: string): EdgeAddress | undefined {
  let config: string;
  try {
    config = readFileSync(join(edgeDir, "../conf.d/passerby.conf"), "utf8");
  } catch {
    return undefined; // In a container, which is asked by --url.
  }
  const servers = [...config.matchAll(/listen (\d+) ssl[^}]*?server_name ([a-z\d.-]+)[ ;]/g)];
  const [, port = "", name = ""] = servers[0] ?? [];
  if (name === "") return undefined;
  const url = `https://${name}:${port}${PATH} on 127.0.0.1`;
  return { url, isSecure: true, host: "127.0.0.1", port: Number(port), name, isCertificateChecked: false };
}

/** Asks until the edge is seen braked, or not braked, as is expected; gives up after `settleMs` milliseconds. */
export async function checkEdge(
  address: EdgeAddress,
  isBraked: boolean,
  settleMs: number = SETTLE_MS,
): Promise<EdgeCheck> {
  const { url } = address;
  const endMs = performance.now() + settleMs;
  let alike = 0;
  for (;;) {
    const { braked, answer } = await askEdge(address);
    alike = braked === isBraked ? alike + 1 : 0;
    if (alike === ANSWERS_ALIKE) return { url, isAsExpected: true, answer };
    if (performance.now() > endMs) return { url, isAsExpected: false, answer };
    await delay(RETRY_MS);
  }
}

/** `braked` is undefined where there was no answer. */
type Asked = { readonly braked: boolean | undefined; readonly answer: string };

async function askEdge(address: EdgeAddress): Promise<Asked> {
  try {
    const answer = await post(address);
    const retryAfter = headerOf(answer, "retry-after");
    // The collector's own 503 bears another code, that of a CDN none.
    const braked = answer.status === 503 && retryAfter !== undefined && answer.body.includes('"collector_unavailable"');
    const wait = retryAfter === undefined ? "" : ` with Retry-After: ${retryAfter}`;
    return { braked, answer: `${answer.status}${wait}` };
  } catch (error) {
    return { braked: undefined, answer: `no answer (${describeError(error)})` };
  }
}

function post({ isSecure, host, port, name, isCertificateChecked }: EdgeAddress): Promise<Answer> {
  const connectTo = new Map([[`${name}:${port}`, { host, port }]]);
  const url = new URL(`${isSecure ? "https" : "http"}://${name}:${port}${PATH}`);
  const asking = { method: "POST", body: "", timeoutMs: ANSWER_TIMEOUT_MS };
  return ask({ connectTo, ca: undefined, isCertificateChecked }, url, asking);
}
