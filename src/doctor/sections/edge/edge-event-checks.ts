/** What becomes of a POST of events: it reaches the collector, whole and soon, and so does the preflight before it. */
import type { Check, Evidence } from "../../check.ts";
import { argsInForce, inForce } from "../../nginx/edge-servers.ts";
import { whereOf } from "../../nginx/nginx-config.ts";
import { parseSize } from "../../nginx/nginx-units.ts";
import { isRedirect, type Outcome } from "../../nginx/simulate.ts";
import { judgeTarget } from "./collector-target.ts";
import { absent, doubtful, EVENT_PASSES, edgeCheck, eventCheck, failing, found, good, seen } from "./edge-check.ts";
import { EVENT_PATH, isCollectors } from "./edge-view.ts";
import { editLine } from "./line-edit.ts";

/** What the collector takes, and what the checklist asks for. */
const CAP_BYTES = 65_536;
const MOST_BUFFERED = 1024 ** 2;

function tell(outcome: Outcome): Evidence {
  const what = `${outcome.variables.asked.method} ${outcome.variables.asked.path}`;
  const found =
    outcome.kind === "return"
      ? `${outcome.status} ${isRedirect(outcome) ? (outcome.text ?? "") : ""}`.trim()
      : outcome.kind;
  return { what, found, ...(outcome.by === undefined ? {} : { where: whereOf(outcome.by) }) };
}

const READ = [
  "/api/metrics/behavior",
  "/api/metrics/health",
  "/api/metrics/stream",
  "/passerby.js",
  "/passerby.0123456789abcdef.js",
];
const DASHBOARD = ["/sign-in", "/assets/index.js"];

export const EDGE_EVENT_CHECKS: readonly Check[] = [
  edgeCheck({
    id: EVENT_PASSES,
    line: "3.2",
    severity: "critical",
    asks: "A POST to /api/metrics/event is passed on",
    how: "Follows the request through server, rewrite rules and locations as nginx does.",
    remedy: "Add `location /api/metrics/event { … proxy_pass http://…; }` to the server of the collector's name.",
    after: ["edge.servers-found"],
    look: ({ event, config }) => {
      if (event?.kind === "proxy") return good(tell(event));
      if (event === undefined)
        return found([failing({ what: "server", found: "(none)", where: config.path }, "Add one.")]);
      const isBrake = event.kind === "return" && event.status === 503;
      const text = isBrake
        ? "The emergency brake is on: every event is refused. Take the file away and reload nginx to let go."
        : "Events do not reach the collector: pass them on with proxy_pass in a location of their own.";
      return found([failing(tell(event), text)]);
    },
  }),
  eventCheck({
    id: "edge.event-target",
    line: "3.2",
    severity: "critical",
    asks: "Events are passed to the collector's address, under the path that they came to",
    how: "Resolves proxy_pass and its upstream, and compares host and port with the collector's service in the compose file (its name, aliases and addresses), or else with PORT.",
    remedy: "Let proxy_pass name the collector, without a path of its own: `proxy_pass http://collector:8001;`.",
    may: ["compose", "settings"],
    after: ["environment.compose-addresses"],
    look: judgeTarget,
  }),
  eventCheck({
    id: "edge.event-body-cap",
    line: "3.2",
    severity: "high",
    asks: "A body of events may have 64 KiB, as at the collector",
    how: "Reads the client_max_body_size that is in force for events; nginx's own is 1m.",
    remedy: "Put `client_max_body_size 64k;` into the location of /api/metrics/event.",
    after: ["edge.values-parse"],
    look: ({ event }) => {
      const [cap] = inForce(event.scopes, "client_max_body_size");
      const bytes = parseSize(cap?.args[0] ?? "1m") ?? 0;
      const evidence = cap === undefined ? absent("client_max_body_size", event.scopes) : seen(cap);
      if (bytes === CAP_BYTES) return good(evidence);
      const edit = cap && editLine(cap, cap.args[0] ?? "", "64k");
      if (bytes !== 0 && bytes < CAP_BYTES) {
        const text = `nginx refuses batches between ${bytes} and 65,536 bytes that the collector takes: use 64k.`;
        return found([failing(evidence, text, edit)]);
      }
      const text =
        "The collector takes 65,536 bytes: nginx reads and passes on more only for it to be refused. Use 64k.";
      return found([doubtful(evidence, text, edit)]);
    },
  }),
  eventCheck({
    id: "edge.event-body-in-memory",
    line: "3.2",
    severity: "low",
    asks: "What visitors send and are sent lies in no temporary file of nginx",
    how: "Compares client_body_buffer_size with the cap of a body, and reads proxy_max_temp_file_size and client_body_in_file_only.",
    remedy: "Set `client_body_buffer_size 128k;` and `proxy_max_temp_file_size 0;`.",
    after: ["edge.event-body-cap"],
    look: ({ event }) => {
      const [buffer] = inForce(event.scopes, "client_body_buffer_size");
      const bytes = parseSize(buffer?.args[0] ?? "16k") ?? 0;
      const [file] = inForce(event.scopes, "proxy_max_temp_file_size");
      const [inFile] = inForce(event.scopes, "client_body_in_file_only");
      const isBuffered = argsInForce(event.scopes, "proxy_buffering")?.[0] !== "off";
      return found(
        [
          ...(buffer && bytes > MOST_BUFFERED
            ? [
                doubtful(
                  seen(buffer),
                  "A chunked body takes so much memory at once: use `client_body_buffer_size 128k;`.",
                ),
              ]
            : []),
          ...(bytes < CAP_BYTES
            ? [
                doubtful(
                  buffer ? seen(buffer) : absent("client_body_buffer_size", event.scopes.slice(0, 2)),
                  "A large batch is written to disk before it is passed on: use `client_body_buffer_size 128k;`.",
                ),
              ]
            : []),
          ...(isBuffered && parseSize(file?.args[0] ?? "1024m") !== 0
            ? [
                doubtful(
                  file ? seen(file) : absent("proxy_max_temp_file_size", event.scopes.slice(0, 3)),
                  "A long answer, such as an export, is written to disk: use `proxy_max_temp_file_size 0;`.",
                ),
              ]
            : []),
          ...(inFile && inFile.args[0] !== "off"
            ? [failing(seen(inFile), "Every body is kept in a file: turn it off.")]
            : []),
        ],
        ...(buffer ? [seen(buffer)] : []),
        ...(file ? [seen(file)] : []),
      );
    },
  }),
  eventCheck({
    id: "edge.event-methods",
    line: "3.2",
    severity: "critical",
    asks: "OPTIONS passes at /api/metrics/event as POST does, and reading passes elsewhere",
    how: "Follows a preflight, a batch to /api/metrics/event?partial=1 and a GET of the snapshot, of health and of the tracker's script through the configuration.",
    remedy: "Let nginx refuse neither OPTIONS nor POST there: the collector answers the preflight.",
    look: ({ event, ask }) => {
      const events = [ask(EVENT_PATH, { method: "OPTIONS" }), ask(EVENT_PATH, { method: "POST", query: "partial=1" })];
      const hasDashboard = isCollectors(ask("/"), event);
      const reading = [...READ, ...(hasDashboard ? DASHBOARD : [])].map((path) => ask(path));
      const isRefused = (one: Outcome): boolean => !isCollectors(one, event);
      const evidenceOf = (one: Outcome): Evidence => ({
        ...tell(one),
        found: `${tell(one).found} ${one.text ?? ""}`.trim(),
      });
      return found(
        [
          ...events
            .filter(isRefused)
            .map((one) => failing(evidenceOf(one), "Without it no event arrives: let it reach the collector.")),
          ...reading
            .filter(isRefused)
            .map((one) => doubtful(evidenceOf(one), "Figures or scripts cannot be had: let it reach the collector.")),
        ],
        ...[...events, ...reading].map(tell),
      );
    },
  }),
  eventCheck({
    id: "edge.cors-once",
    line: "3.2",
    severity: "critical",
    asks: "nginx adds no CORS headers to answers of the collector",
    how: "Works out the add_header lines that are in force where events are passed on; what proxy_hide_header takes away does not count.",
    remedy:
      "Take the Access-Control-… lines out: the collector sends them, and with two of a kind a browser refuses the answer.",
    look: ({ event }) => {
      const hidden = inForce(event.scopes, "proxy_hide_header").map(({ args }) => args[0]?.toLowerCase());
      const added = inForce(event.scopes, "add_header").filter(({ args: [name = ""] }) => {
        return /^access-control-/i.test(name) && !hidden.includes(name.toLowerCase());
      });
      const text =
        "The collector sends this header already; with two of a kind a browser refuses the answer. Take it out.";
      return found(
        added.map((directive) => failing(seen(directive), text)),
        { what: "Access-Control-… of nginx", found: "(none)", where: whereOf(event.by ?? { file: "", line: 0 }) },
      );
    },
  }),
  eventCheck({
    id: "edge.last-events",
    line: "3.2",
    severity: "medium",
    asks: "An event that has arrived is passed on even if its page has been closed",
    how: "Reads proxy_ignore_client_abort where events are passed on; without it nginx gives up when the client does.",
    remedy: "Put `proxy_ignore_client_abort on;` into the location of /api/metrics/event.",
    look: ({ event }) => {
      const [ignore] = inForce(event.scopes, "proxy_ignore_client_abort");
      if (ignore?.args[0] === "on") return good(seen(ignore));
      const evidence = ignore ? seen(ignore) : absent("proxy_ignore_client_abort", event.scopes);
      return found([doubtful(evidence, "A page that is being left takes its last events along: turn it on.")]);
    },
  }),
];
