/** What a server offers in TLS: its certificate, trusted or not, its protocols, and HTTP/2. */
import { once } from "node:events";
import { connect, type SecureVersion, type TLSSocket } from "node:tls";
import { describeError } from "../../errors.ts";
import { InputUnreadable } from "../input-errors.ts";
import { DEFAULT_TIMEOUT_MS, type Network, targetOf } from "./ask.ts";

export type TlsProbe = {
  readonly url: URL;
  /** Why browsers would not trust it, as OpenSSL calls it: `CERT_HAS_EXPIRED`; undefined where they would. */
  readonly problem: string | undefined;
  /** Names that the certificate is for. */
  readonly names: string;
  readonly issuer: string;
  readonly validFromMs: number;
  readonly validToMs: number;
  /** The protocol that a client of today gets, and what is spoken in it: `h2`, `http/1.1`. */
  readonly protocol: string;
  readonly application: string;
  /** Whether it takes a client that knows this version only; `unknown` where this machine's OpenSSL cannot speak it. */
  readonly offers: (version: SecureVersion) => Promise<Offer>;
};

export type Offer = "offered" | "refused" | "unknown";

/** Versions that no client needs any more, and that OpenSSL speaks at its lowest level of security only. */
const LOWEST_LEVEL = "DEFAULT:@SECLEVEL=0";
/** What OpenSSL says when it is itself that cannot. */
const OWN_FAULTS = /NO_PROTOCOLS_AVAILABLE|NO_CIPHERS_AVAILABLE|INVALID_PROTOCOL/;

/** Makes a connection, and looks at it without trusting it. Throws InputUnreadable where there is none. */
export async function openTlsProbe(url: URL, network: Network): Promise<TlsProbe> {
  try {
    const socket = await shakeHands(url, network, {});
    const { subject, issuer, subjectaltname, valid_from, valid_to } = socket.getPeerCertificate();
    const names = subjectaltname?.replaceAll("DNS:", "") ?? String(subject?.CN ?? "(none)");
    // Declared as an Error; what it is, is a code.
    const problem = socket.authorized ? undefined : String(socket.authorizationError);
    socket.destroy();
    return {
      ...{ url, problem, names },
      issuer: [issuer?.O, issuer?.CN].filter((part) => part !== undefined).join(", "),
      validFromMs: Date.parse(valid_from),
      validToMs: Date.parse(valid_to),
      protocol: socket.getProtocol() ?? "",
      application: socket.alpnProtocol || "",
      offers: (version) => tryVersion(url, network, version),
    };
  } catch (cause) {
    throw new InputUnreadable(url.href, `no TLS connection to ${url.host}: ${describeError(cause)}`, cause);
  }
}

type Shaking = { readonly version?: SecureVersion };

async function shakeHands(url: URL, network: Network, { version }: Shaking): Promise<TLSSocket> {
  const socket = connect({
    ...targetOf(network, url),
    ...(network.ca === undefined ? {} : { ca: network.ca }),
    ALPNProtocols: ["h2", "http/1.1"],
    rejectUnauthorized: false,
    ...(version === undefined ? {} : { minVersion: version, maxVersion: version }),
    ...(version === "TLSv1" || version === "TLSv1.1" ? { ciphers: LOWEST_LEVEL } : {}),
  });
  try {
    await once(socket, "secureConnect", { signal: AbortSignal.timeout(DEFAULT_TIMEOUT_MS) });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  // One that is reset later has told what it had to tell.
  return socket.on("error", () => undefined);
}

async function tryVersion(url: URL, network: Network, version: SecureVersion): Promise<Offer> {
  try {
    const socket = await shakeHands(url, network, { version });
    socket.destroy();
    return "offered";
  } catch (error) {
    return OWN_FAULTS.test(error instanceof Error && "code" in error ? String(error.code) : "") ? "unknown" : "refused";
  }
}
