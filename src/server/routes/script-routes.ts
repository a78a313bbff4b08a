/**
 * Serves the tracker's scripts to pages of any origin. At its plain name a script may change with an update of the
 * collector; at its name with a hash it never does, and a hash that is of another build is not found.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type CodedBody, readTrackerScripts, type TrackerScript } from "./tracker-scripts.ts";

/** A page has an update of the collector's script within this time, and asks no more often. */
const PLAIN_SECONDS = 3_600;
/** The longest that caches count (RFC 9111 has no bound; a year is custom). */
const PINNED_SECONDS = 31_536_000;

/** Adds `/passerby.js`, `/passerby-<name>.js` and each with its hash. Nothing is added where the tracker is not built. */
export function addScriptRoutes(app: FastifyInstance, distDir: string): void {
  for (const script of readTrackerScripts(distDir)) {
    app.get(`/${script.file}`, (request, reply) =>
      sendScript(request, reply.header("cache-control", `public, max-age=${PLAIN_SECONDS}`), script),
    );
    app.get(`/${script.pinnedFile}`, (request, reply) =>
      sendScript(request, reply.header("cache-control", `public, max-age=${PINNED_SECONDS}, immutable`), script),
    );
  }
}

function sendScript(request: FastifyRequest, reply: FastifyReply, { hash, bodies }: TrackerScript): FastifyReply {
  const { coding, body } = chooseBody(bodies, request.headers["accept-encoding"]);
  // A strong tag is of one representation, so each coding has its own (RFC 9110, section 8.8.3.3).
  const tag = `"${hash}-${coding}"`;
  reply
    // Public, and asked for without cookies: anybody may read it, as `crossorigin` with `integrity` needs.
    .header("access-control-allow-origin", "*")
    .header("cross-origin-resource-policy", "cross-origin")
    .header("vary", "Accept-Encoding")
    .header("etag", tag);
  if (hasTag(request.headers["if-none-match"], tag)) return reply.code(304).send();
  if (coding !== "identity") reply.header("content-encoding", coding);
  return reply.type("text/javascript; charset=utf-8").send(body);
}

/** Chooses the first body whose coding is accepted; the script as it is may always be sent (RFC 9110, section 12.5.3). */
function chooseBody(bodies: readonly CodedBody[], accepted: string | undefined): CodedBody {
  const codings = (accepted ?? "").toLowerCase().split(",");
  const isAccepted = (coding: string): boolean =>
    codings.some((item) => {
      const [name = "", ...parameters] = item.split(";").map((part) => part.trim());
      return name === coding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    });
  const chosen = bodies.find(({ coding }) => coding === "identity" || isAccepted(coding));
  if (chosen === undefined) throw new Error("a script has no body as it is");
  return chosen;
}

/** Compares weakly, as If-None-Match is (RFC 9110, section 13.1.2). */
function hasTag(list: string | undefined, tag: string): boolean {
  return (list ?? "").split(",").some((item) => ["*", tag].includes(item.trim().replace(/^W\//, "")));
}
