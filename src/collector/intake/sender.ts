/** What a request says about who sent it, read from its headers once; lives as long as the request and no longer. */
import type { IncomingHttpHeaders } from "node:http";

export type Sender = {
  readonly origin: string | undefined;
  readonly referer: string | undefined;
  readonly userAgent: string;
  /** `Sec-CH-UA`, which Chromium sends over HTTPS and to this machine; others do not. */
  readonly clientHints: string | undefined;
  readonly acceptLanguage: string | undefined;
  /** The client's address behind trusted proxies; used in memory only. */
  readonly address: string;
  /** True when `Sec-GPC: 1` or `DNT: 1` was sent. */
  readonly asksForPrivacy: boolean;
  /** True when the request bore a key with scope `ingest`. */
  readonly hasIngestKey: boolean;
  /** The one site that the key is for; null for all, and without a key. */
  readonly keySite: string | null;
};

/** Reads the sender from the headers of a request. */
export function readSender(
  headers: IncomingHttpHeaders,
  known: Pick<Sender, "address" | "hasIngestKey" | "keySite">,
): Sender {
  return {
    origin: headers.origin,
    referer: headers.referer,
    userAgent: headers["user-agent"] ?? "",
    clientHints: readOne(headers["sec-ch-ua"]),
    acceptLanguage: headers["accept-language"],
    address: known.address,
    // Global Privacy Control, W3C draft, section 3; DNT is its retired ancestor and still sent by Firefox forks.
    asksForPrivacy: headers["sec-gpc"] === "1" || headers.dnt === "1",
    hasIngestKey: known.hasIngestKey,
    keySite: known.keySite,
  };
}

function readOne(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header : header?.[0];
}
