/** 9.4: TLS as browsers meet it: the certificate, the versions, and where plain HTTP leads. */
import { type Check, type Evidence, fail, pass, skip, warn } from "../check.ts";
import { type Answer, ask, headerOf, NoAnswer } from "../probe/ask.ts";
import { HEALTH_PATH } from "../probe/live-collector.ts";
import type { TlsProbe } from "../probe/tls-probe.ts";

const DAY_MS = 86_400_000;
/** Let's Encrypt's clients renew 30 days before the end: with less than this left, they have failed for a while. */
const ENOUGH_DAYS = 14;
const RENEW = "Renew it, and see that whatever renews it runs: docs/guide/edge.md has the timer.";

/** What an authority or a host is told by an error code of OpenSSL or Node. */
const PROBLEMS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: RENEW,
  CERT_NOT_YET_VALID: "It is not valid yet: look at the clock of the machine that made it.",
  ERR_TLS_CERT_ALTNAME_INVALID: "It is for other names: ask for one that has this host name.",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "The chain is not whole: give nginx fullchain.pem as ssl_certificate, not cert.pem.",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "The chain is not whole, or the authority is not known: give nginx fullchain.pem as ssl_certificate.",
  DEPTH_ZERO_SELF_SIGNED_CERT: "Nobody has signed it: have one made by Let's Encrypt or another authority.",
  SELF_SIGNED_CERT_IN_CHAIN: "Its authority is not one that browsers know: have one made by Let's Encrypt.",
};

/** Runs before anybody asks for an answer: where the certificate is wrong, this says so. */
export const TLS_CHECKS: readonly Check[] = [
  {
    id: "security.certificate-trusted",
    line: "9.4",
    severity: "critical",
    asks: "The certificate is trusted, is for this name, and has not ended",
    how: "Sets up TLS as a browser does and looks at the whole chain.",
    remedy: "Have a certificate made for the name by an authority that browsers know, and give nginx the whole chain.",
    needs: ["tls"],
    run: async (given) => {
      const probe = await given.need("tls");
      if (probe.problem === undefined) return pass(...certificateEvidence(probe));
      const evidence = [
        { what: "certificate", found: probe.problem, where: probe.url.href },
        ...certificateEvidence(probe),
      ];
      return fail(evidence, { text: PROBLEMS[probe.problem] ?? "Browsers do not trust this certificate." });
    },
  },
  {
    id: "security.certificate-lasts",
    line: "9.4",
    severity: "high",
    asks: "The certificate lasts 14 days or longer",
    how: "Reads its end.",
    remedy: RENEW,
    needs: ["tls"],
    after: ["security.certificate-trusted"],
    run: async (given) => {
      const { url, validToMs } = await given.need("tls");
      const days = Math.floor((validToMs - given.nowMs()) / DAY_MS);
      const evidence = { what: "days left", found: `${days}, until ${dateOf(validToMs)}`, where: url.href };
      return days >= ENOUGH_DAYS ? pass(evidence) : warn([evidence], { text: RENEW });
    },
  },
  {
    id: "security.tls-versions",
    line: "9.4",
    severity: "medium",
    asks: "TLS 1.2 or 1.3 is spoken, and nothing older",
    how: "Makes one connection with each version, with OpenSSL's own demands turned down as far as they go.",
    remedy:
      "In nginx: ssl_protocols TLSv1.2 TLSv1.3; in the http block, since the default server decides for its port.",
    needs: ["tls"],
    after: ["security.certificate-trusted"],
    run: async (given) => {
      const probe = await given.need("tls");
      const versions = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const;
      const offers = await Promise.all(versions.map((version) => probe.offers(version)));
      const evidence = versions.map((version, at) => ({
        what: version,
        found: `${offers[at]}`,
        where: probe.url.href,
      }));
      const old = evidence.slice(0, 2).filter(({ found }) => found === "offered");
      if (old.length > 0) return fail(old, { text: "Expected: refused. Both are deprecated by RFC 8996." });
      const [, , , newest] = evidence;
      if (newest?.found !== "offered")
        return warn(evidence.slice(3), { text: "Expected: offered. Write ssl_protocols TLSv1.2 TLSv1.3;" });
      if (offers.includes("unknown"))
        return skip("this machine's OpenSSL cannot speak TLS 1.0 and 1.1: ask from another");
      return pass(...evidence);
    },
  },
  {
    id: "security.http-redirects",
    line: "9.4",
    severity: "medium",
    asks: "Plain HTTP leads to TLS and does nothing else",
    how: "GET http:// of the same host, without following.",
    remedy: "In nginx: a server at port 80 with return 308 https://$host$request_uri;",
    needs: ["tls"],
    run: async (given) => {
      const { url } = await given.need("tls");
      if (url.port !== "") return skip("--url names a port: which one plain HTTP would have is not known");
      const plain = new URL(url.pathname.replace(/\/+$/, "") + HEALTH_PATH, `http://${url.host}`);
      const where = `GET ${plain.href}`;
      let answer: Answer;
      try {
        answer = await ask(given.options.network, plain);
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        return warn([{ what: "answer", found: error.message, where }], {
          text: "Expected 308. Whoever types the name without https:// sees an error, and a certificate cannot be renewed by HTTP-01.",
        });
      }
      const { status } = answer;
      const location = headerOf(answer, "location") ?? "(none)";
      const evidence: readonly Evidence[] = [
        { what: "status", found: `${status}`, where },
        { what: "Location", found: location, where },
      ];
      if (status >= 200 && status < 300)
        return fail(evidence, { text: "Expected 308: events would travel unencrypted." });
      const isSecure = URL.parse(location)?.protocol === "https:";
      if ((status === 301 || status === 308) && isSecure) return pass(...evidence);
      return warn(evidence, {
        text: "Expected 301 or 308 to https://: others are asked again each time, or change the method.",
      });
    },
  },
];

/** Needs an answer, so it runs after those that say whether there is one. */
export const ENCRYPTION_CHECKS: readonly Check[] = [
  {
    id: "security.encrypted",
    line: "9.4",
    severity: "critical",
    asks: "The collector is reached over TLS",
    how: "Looks at --url.",
    remedy: "Put the edge in front (docs/guide/edge.md) and give the tracker the address with https://.",
    needs: ["live"],
    run: async (given) => {
      const { url } = await given.need("live");
      const evidence = { what: "address", found: url.protocol, where: url.href };
      if (url.protocol === "https:") return pass(evidence);
      return fail([evidence], {
        text: "A page that came over TLS may not send events to http:// at all (mixed content).",
      });
    },
  },
];

function certificateEvidence({ url, names, issuer, validFromMs, validToMs }: TlsProbe): readonly Evidence[] {
  return [
    { what: "names", found: names, where: url.href },
    { what: "issuer", found: issuer === "" ? "(none)" : issuer, where: url.href },
    { what: "valid", found: `${dateOf(validFromMs)} to ${dateOf(validToMs)}`, where: url.href },
  ];
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
