/** The rate that one address may send events at: zone, key, rate, burst, and what is answered past it. */
import type { Check } from "../../check.ts";
import { argsInForce, inForce } from "../../nginx/edge-servers.ts";
import type { Directive } from "../../nginx/nginx-config.ts";
import { optionOf, parseRate, parseSize } from "../../nginx/nginx-units.ts";
import { type Asked, evaluate } from "../../nginx/variables.ts";
import { absent, doubtful, eventCheck, failing, found, good, seen, unseen } from "./edge-check.ts";
import type { WithEvent } from "./edge-view.ts";
import { editLine } from "./line-edit.ts";

/** The checklist asks for 5 r/s; an office behind one address may need more, nobody needs less than one a second. */
const SLOWEST = 2;
const FASTEST = 25;
/** A page sends few requests at once; 10 is asked for. */
const BURST = { least: 5, most: 40 };
const MIB = 1024 ** 2;

function nameOf(directive: Directive): string {
  return (optionOf(directive.args, "zone") ?? "").split(":")[0] ?? "";
}

/** Zones that are declared, those that hold for events first. */
function zonesOf({ model, event }: WithEvent): readonly Directive[] {
  const used = inForce(event.scopes, "limit_req").map(nameOf);
  const zones = model.http.filter(({ name }) => name === "limit_req_zone");
  return zones.toSorted((a, b) => Number(used.includes(nameOf(b))) - Number(used.includes(nameOf(a))));
}

function keyFor({ event }: WithEvent, zone: Directive, asked: Partial<Asked>): string {
  const values = new Map(event.variables.values);
  return evaluate(zone.args[0] ?? "", { ...event.variables, values, asked: { ...event.variables.asked, ...asked } });
}

const OTHER_HEADERS: Readonly<Record<string, string>> = {
  ...{ "x-forwarded-for": "198.51.100.9", "x-real-ip": "198.51.100.9", "cf-connecting-ip": "198.51.100.9" },
  ...{ forwarded: "for=198.51.100.9", "true-client-ip": "198.51.100.9", "x-client-ip": "198.51.100.9" },
  ...{ "user-agent": "another", cookie: "another=1", authorization: "another", origin: "https://another.example" },
};

export const EDGE_RATE_CHECKS: readonly Check[] = [
  eventCheck({
    id: "edge.rate-limit-zone",
    line: "3.1",
    severity: "high",
    asks: "A zone for limiting requests is declared",
    how: "Looks for limit_req_zone in the http block, includes followed.",
    remedy: "Add `limit_req_zone $binary_remote_addr zone=metrics_zone:10m rate=5r/s;` to the http block.",
    after: ["edge.values-parse"],
    look: (view) => {
      const [zone] = zonesOf(view);
      if (zone !== undefined) return good(seen(zone));
      const text = "Add `limit_req_zone $binary_remote_addr zone=metrics_zone:10m rate=5r/s;` to the http block.";
      return found([failing(absent("limit_req_zone", view.model.outer), text)]);
    },
  }),
  eventCheck({
    id: "edge.rate-limit-key",
    line: "3.1",
    severity: "high",
    asks: "The zone counts each address by itself, and by nothing that a client can choose",
    how: "Works out the key of the zone for requests from two addresses, and for one address with other headers.",
    remedy: "Use $binary_remote_addr as the key; behind a CDN, set_real_ip_from makes it the visitor's.",
    after: ["edge.rate-limit-zone"],
    look: (view) => {
      const [zone] = zonesOf(view);
      if (zone === undefined) return unseen("no zone");
      const key = keyFor(view, zone, { address: "192.0.2.77" });
      const say = (text: string) => found([failing(seen(zone), `${text} Use $binary_remote_addr.`)]);
      if (key !== keyFor(view, zone, { address: "192.0.2.77", headers: OTHER_HEADERS })) {
        return say("A client chooses this key by a header, and so has a limit of its own for each request.");
      }
      if (key === "") return say("The key is empty for an ordinary request: nginx does not count those.");
      if (key === keyFor(view, zone, { address: "198.51.100.9" })) {
        return say("The key is the same for every address: one visitor can use up the limit of all.");
      }
      return good(seen(zone));
    },
  }),
  eventCheck({
    id: "edge.rate-limit-zone-size",
    line: "3.1",
    severity: "low",
    asks: "The zone has room for the addresses of a busy minute",
    how: "Reads the size of the zone: 1 MiB holds about 16,000 addresses, and past that nginx forgets the oldest or refuses.",
    remedy: "Use zone=metrics_zone:10m.",
    after: ["edge.rate-limit-zone"],
    look: (view) => {
      const [zone] = zonesOf(view);
      const bytes = parseSize((optionOf(zone?.args ?? [], "zone") ?? "").split(":")[1] ?? "");
      if (zone === undefined || bytes === undefined) return unseen("no zone with a size");
      if (bytes >= 2 * MIB && bytes <= 64 * MIB) return good(seen(zone));
      const what = bytes < 2 * MIB ? "holds too few addresses" : "takes memory for more addresses than will come";
      return found([doubtful(seen(zone), `The zone ${what}: 10m is room for 160,000.`)]);
    },
  }),
  eventCheck({
    id: "edge.rate",
    line: "3.1",
    severity: "medium",
    asks: "The rate of the zone is about five requests a second",
    how: "Reads the rate of the zone that holds for events.",
    remedy: "Use rate=5r/s; more where many people share an address.",
    after: ["edge.rate-limit-zone"],
    look: (view) => {
      const [zone] = zonesOf(view);
      const written = optionOf(zone?.args ?? [], "rate") ?? "";
      const rate = parseRate(written);
      if (zone === undefined || rate === undefined) return unseen("no zone with a rate");
      if (rate >= SLOWEST && rate <= FASTEST) return good(seen(zone));
      const edit = editLine(zone, `rate=${written}`, "rate=5r/s");
      const text =
        rate < SLOWEST
          ? "So few requests a second refuse events of ordinary visitors. Use rate=5r/s."
          : "So many requests a second limit nobody. Use rate=5r/s, or somewhat more for offices behind one address.";
      return found([rate < 0.5 ? failing(seen(zone), text, edit) : doubtful(seen(zone), text, edit)]);
    },
  }),
  eventCheck({
    id: "edge.rate-limit-status",
    line: "3.1",
    severity: "high",
    asks: "What is past the rate is answered 429",
    how: "Reads the limit_req_status that holds where events arrive; nginx's own is 503.",
    remedy: "Add `limit_req_status 429;` to the http block.",
    look: ({ event }) => {
      const [status] = inForce(event.scopes, "limit_req_status");
      if (status?.args[0] === "429") return good(seen(status));
      const text = "Set `limit_req_status 429;`: the tracker waits as Retry-After says for 429, monitoring counts it.";
      if (status === undefined) return found([failing(absent("limit_req_status", event.scopes.slice(0, 2)), text)]);
      return found([failing(seen(status), text, editLine(status, status.args[0] ?? "", "429"))]);
    },
  }),
  eventCheck({
    id: "edge.event-rate-limited",
    line: "3.2",
    severity: "high",
    asks: "The limit holds at /api/metrics/event",
    how: "Works out which limit_req is in force in the location that takes a POST of events, inheritance included.",
    remedy: "Put `limit_req zone=metrics_zone burst=10 nodelay;` into the location of /api/metrics/event.",
    after: ["edge.rate-limit-zone"],
    look: ({ event }) => {
      const [limit] = inForce(event.scopes, "limit_req");
      const dry = argsInForce(event.scopes, "limit_req_dry_run")?.[0] === "on";
      const [dryRun] = inForce(event.scopes, "limit_req_dry_run");
      if (dry && dryRun) return found([failing(seen(dryRun), "The limit is only tried: take limit_req_dry_run out.")]);
      if (limit !== undefined) return good(seen(limit));
      const text = "Put `limit_req zone=metrics_zone burst=10 nodelay;` into the location of /api/metrics/event.";
      return found([failing(absent("limit_req", event.scopes), text)]);
    },
  }),
  eventCheck({
    id: "edge.event-burst",
    line: "3.2",
    severity: "medium",
    asks: "A page may send about ten requests at once, and none of them waits",
    how: "Reads burst and nodelay of the limit_req that is in force for events.",
    remedy: "Use `burst=10 nodelay`.",
    after: ["edge.event-rate-limited"],
    look: ({ event }) => {
      const [limit] = inForce(event.scopes, "limit_req");
      if (limit === undefined) return unseen("no limit_req");
      const burst = Number(optionOf(limit.args, "burst") ?? 0);
      const isHeldUp = !limit.args.includes("nodelay") && Number(optionOf(limit.args, "delay") ?? 0) < burst;
      if (burst >= BURST.least && burst <= BURST.most && !isHeldUp) return good(seen(limit));
      const many = burst > BURST.most;
      const text = isHeldUp
        ? "Without nodelay nginx holds requests back: events of a page that is being left are lost. Add nodelay."
        : `burst=${burst} ${many ? "lets a flood through before it limits" : "refuses what an ordinary page sends at once"}: use burst=10.`;
      const edit = isHeldUp ? undefined : editLine(limit, `burst=${burst}`, "burst=10");
      return found([isHeldUp || many ? doubtful(seen(limit), text, edit) : failing(seen(limit), text, edit)]);
    },
  }),
];
