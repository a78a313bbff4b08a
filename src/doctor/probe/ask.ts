/** One HTTP request as the doctor makes it: every header line kept, TLS and time noted, an address of one's own choosing. */
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { TLSSocket } from "node:tls";
import { describeError } from "../../errors.ts";

/** How the world is reached. */
export type Network = {
  /** Addresses to use in place of what DNS says, by `host:port`. */
  readonly connectTo: ReadonlyMap<string, { readonly host: string; readonly port: number }>;
  /** Certificates (PEM) to trust instead of the system's. */
  readonly ca: string | undefined;
  /** False on this machine only, where nobody can be in between and nothing is sent. */
  readonly isCertificateChecked?: boolean;
};

export type Asking = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Time for the whole answer. */
  readonly timeoutMs?: number;
};

export type TlsFacts = {
  readonly protocol: string;
  readonly cipher: string;
  /** When the certificate ends, in milliseconds since 1970. */
  readonly validToMs: number;
};

export type Answer = {
  readonly status: number;
  /** Values by header name in lower case, one a line as it came. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
  /** From the first byte sent to the last received, in milliseconds. */
  readonly tookMs: number;
  readonly tls: TlsFacts | undefined;
};

/** Nobody answered: no address, no connection, a certificate that is not trusted, too late. */
export class NoAnswer extends Error {
  readonly url: URL;

  constructor(url: URL, cause: unknown) {
    super(`${url.host} gives no answer: ${describeError(cause)}`, { cause });
    this.name = "NoAnswer";
    this.url = url;
  }
}

export const DEFAULT_TIMEOUT_MS = 10_000;
/** More of an answer is not read. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Sends one request and reads its answer; follows no redirect. Throws NoAnswer. */
export function ask(network: Network, url: URL, asking: Asking = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body, timeoutMs = DEFAULT_TIMEOUT_MS } = asking;
  const target = targetOf(network, url);
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request({
      ...{ method, agent: false, path: `${url.pathname}${url.search}`, signal: AbortSignal.timeout(timeoutMs) },
      ...{ host: target.host, port: target.port, servername: target.servername },
      rejectUnauthorized: network.isCertificateChecked !== false,
      ...(network.ca === undefined ? {} : { ca: network.ca }),
      headers: { host: url.host, "user-agent": "passerby-doctor", ...bodyHeaders(body), ...headers },
    });
    sent.on("error", (cause) => reject(new NoAnswer(url, cause)));
    sent.on("response", (response) => {
      readAnswer(response).then(
        (read) => resolve({ ...read, tookMs: performance.now() - startedMs }),
        (cause: unknown) => reject(new NoAnswer(url, cause)),
      );
    });
    sent.end(body);
  });
}

/** Where an address is reached, and the name to ask for in TLS (RFC 6066 has none for a bare address). */
export function targetOf(
  network: Network,
  url: URL,
): { readonly host: string; readonly port: number; readonly servername: string } {
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  const name = url.hostname.replace(/^\[|\]$/g, "");
  const target = network.connectTo.get(`${url.hostname}:${port}`) ?? { host: name, port };
  return { ...target, servername: isIP(name) === 0 ? name : "" };
}

/** The values of a header, joined as a browser would; undefined where there is none. */
export function headerOf(answer: Answer, name: string): string | undefined {
  return answer.headers.get(name.toLowerCase())?.join(", ");
}

/** The lines of a header as evidence: ` | ` between two of them, `(none)` for none. */
export function seenHeader(answer: Answer, name: string): string {
  return answer.headers.get(name.toLowerCase())?.join(" | ") ?? "(none)";
}

/** A body as JSON; undefined where it is none. */
export function jsonOf(answer: Answer): unknown {
  try {
    const value: unknown = JSON.parse(answer.body);
    return value;
  } catch {
    return undefined;
  }
}

function bodyHeaders(body: string | Uint8Array | undefined): Readonly<Record<string, string>> {
  return body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
}

async function readAnswer(response: IncomingMessage): Promise<Omit<Answer, "tookMs">> {
  // Before the body is read: a connection that is not kept is taken apart at its end.
  const tls = response.socket instanceof TLSSocket ? tlsFactsOf(response.socket) : undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (!(chunk instanceof Uint8Array)) continue;
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) break;
    chunks.push(chunk);
  }
  const headers = new Map<string, string[]>();
  for (let index = 0; index < response.rawHeaders.length; index += 2) {
    const name = response.rawHeaders[index]?.toLowerCase() ?? "";
    headers.set(name, [...(headers.get(name) ?? []), response.rawHeaders[index + 1] ?? ""]);
  }
  return { status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks).toString("utf8"), tls };
}

function tlsFactsOf(socket: TLSSocket): TlsFacts {
  const certificate = socket.getPeerCertificate();
  return {
    protocol: socket.getProtocol() ?? "",
    cipher: socket.getCipher().name,
    validToMs: Date.parse(certificate.valid_to),
  };
}
