/** Section 10: each lever is within reach, and with --rehearse it is pulled for a moment and put back. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { SMOKE_EVENT } from "../../event.ts";
import { type Check, type Evidence, fail, pass, skip } from "../check.ts";
import type { Given } from "../inputs.ts";
import { HOLD, type LeverStatus, REHEARSAL_REASON, readLeverStatus, rehearse } from "../rehearsal/lever.ts";
import { readBody } from "../smoke/judge-answers.ts";

/** A visitor that is no smoke test, so that sampling holds for it; its event is one, so that no answer counts it. */
const REHEARSAL_VISITOR = "doctor-rehearsal";

export const ROLLBACK_CHECKS: readonly Check[] = [
  {
    id: "rollback.collector-obeys",
    line: "10.2",
    severity: "high",
    asks: "The brake reaches the collector",
    how: "passerby brake status: a collector answers on the data directory's socket.",
    remedy:
      "Run passerby brake as the user of the collector, on its machine, with its data directory: in Docker by docker compose exec collector.",
    needs: ["data_dir"],
    after: ["rotation.data-directory-opens"],
    run: async (given) => {
      const status = await readStatus(given);
      const command = `passerby ${(await statusArguments(given)).join(" ")}`;
      if (status?.running) return pass({ what: command, found: "a collector runs and obeys" });
      const found = status === undefined ? "no answer" : "no collector runs here";
      const text =
        "A brake set now holds from the next start on only. Is this the data directory of the running collector?";
      return fail([{ what: command, found }], { text });
    },
  },
  {
    id: "rollback.tracker-silenced",
    line: "10.1",
    severity: "high",
    asks: "Trackers can be silenced within a minute",
    how: "Rehearsed: passerby brake rate 0 --tracker for 3 s; GET /api/metrics/config must say sample_rate 0, and afterwards what it said before.",
    remedy: "passerby brake rate 0 --tracker must reach the collector that pages speak to.",
    needs: ["rehearse", "data_dir", "live"],
    after: ["rollback.collector-obeys", "health.collector-answers"],
    run: rehearseTracker,
  },
  {
    id: "rollback.storing-stopped",
    line: "10.2",
    severity: "high",
    asks: "Storing can be stopped without a restart",
    how: "Rehearsed: passerby brake rate 0 --collector for 3 s; an event must be answered 202 with stored 0 and sampled_out, and afterwards not.",
    remedy: "passerby brake rate 0 --collector must reach the collector that events go to.",
    needs: ["rehearse", "data_dir", "live"],
    after: ["rollback.collector-obeys", "health.collector-answers"],
    run: rehearseCollector,
  },
  {
    id: "rollback.edge-refuses",
    line: "10.3",
    severity: "medium",
    asks: "The edge can refuse all events",
    how: "Rehearsed: passerby brake on --edge, which asks the edge itself, and off again.",
    remedy:
      "The include passerby/on/brake*.conf must stand in the location of events, and nginx must be run by who calls it.",
    needs: ["rehearse", "nginx", "live"],
    after: ["edge.configuration-reads", "health.collector-answers"],
    run: rehearseEdge,
  },
  {
    id: "rollback.rotator-paused",
    line: "10.4",
    severity: "medium",
    asks: "The rotator can be stopped",
    how: "Rehearsed: passerby rotate --pause, and --resume.",
    remedy: "passerby rotate --pause must be run as the user of the data directory.",
    needs: ["rehearse", "data_dir"],
    after: ["rotation.data-directory-opens"],
    run: rehearseRotator,
  },
];

async function rehearseTracker(given: Given) {
  await given.need("rehearse");
  const [folder, live] = [await dataDirFlag(given), await given.need("live")];
  const readRate = async (): Promise<unknown> => readBody(await live.ask("/api/metrics/config"))?.["sample_rate"];
  const before = await readRate();
  const expectRate = (expected: unknown) => async (): Promise<Evidence | undefined> => {
    const rate = await readRate();
    const found = `sample_rate ${String(rate)} (expected ${String(expected)})`;
    return rate === expected ? undefined : { what: "GET /api/metrics/config", found };
  };
  const pull = ["brake", "rate", "0", "--tracker", "--for", HOLD, "--reason", REHEARSAL_REASON, ...folder];
  const lever = { pull, putBack: undefined, problem: expectRate(0), leftOver: expectRate(before) };
  return rehearse(
    { ...lever, isHeld: (status) => hasEnd(status, "tracker") },
    given.options,
    await statusArguments(given),
  );
}

async function rehearseCollector(given: Given) {
  await given.need("rehearse");
  const [folder, live] = [await dataDirFlag(given), await given.need("live")];
  const body = JSON.stringify({ event: SMOKE_EVENT, visitor_id: REHEARSAL_VISITOR });
  const headers = { "content-type": "application/json" };
  const dropReasons = async (): Promise<string> => {
    const dropped: unknown = readBody(await live.ask("/api/metrics/event", { method: "POST", headers, body }))?.[
      "dropped"
    ];
    return typeof dropped === "object" && dropped !== null ? Object.keys(dropped).join(", ") : "";
  };
  const before = await dropReasons();
  if (before !== "") return skip(`events are dropped already (${before}), so that a stop cannot be told from it`);
  const evidence = (found: string): Evidence => ({ what: "POST /api/metrics/event", found });
  return rehearse(
    {
      pull: ["brake", "rate", "0", "--collector", "--for", HOLD, "--reason", REHEARSAL_REASON, ...folder],
      putBack: undefined,
      isHeld: (status) => hasEnd(status, "collector"),
      problem: async () => ((await dropReasons()) === "sampled_out" ? undefined : evidence("not dropped")),
      leftOver: async () => ((await dropReasons()) === "" ? undefined : evidence("events are still dropped")),
    },
    given.options,
    await statusArguments(given),
  );
}

async function rehearseEdge(given: Given) {
  await given.need("rehearse");
  const [nginx, live] = [await given.need("nginx"), await given.need("live")];
  const edge = ["--edge", "--edge-dir", join(dirname(nginx.path), "passerby")];
  const command = given.options.nginxCommand;
  const isHere = existsSync(join(dirname(nginx.path), "conf.d/passerby.conf"));
  if (command === undefined && !isHere) {
    return skip(`how nginx is called for ${dirname(nginx.path)} is not known: give --nginx-command`);
  }
  // On this machine the edge is asked as its files say; one in a container at its public address.
  const how = command === undefined ? [] : ["--nginx", command];
  const target = [...edge, ...how, ...(isHere ? [] : ["--url", live.url.origin])];
  return rehearse(
    {
      // Both commands ask the edge themselves and fail where it does not do as it was told.
      pull: ["brake", "on", ...target, "--for", "1m", "--reason", REHEARSAL_REASON],
      putBack: ["brake", "off", ...target],
      isHeld: ({ edge: position }) => position === "on",
      problem: async () => undefined,
      leftOver: async () => {
        const found = await positionOf(given, ["brake", "status", "--json", ...edge.slice(1)], "edge");
        return found === "off" ? undefined : { what: "edge", found: found ?? "unknown" };
      },
    },
    given.options,
    ["brake", "status", "--json", ...edge.slice(1)],
  );
}

async function rehearseRotator(given: Given) {
  await given.need("rehearse");
  const folder = await dataDirFlag(given);
  const status = await statusArguments(given);
  const expect = (expected: string) => async (): Promise<Evidence | undefined> => {
    const found = await positionOf(given, status, "rotator");
    return found === expected ? undefined : { what: "rotator", found: found ?? "unknown" };
  };
  return rehearse(
    {
      pull: ["rotate", "--pause", "--for", "1m", "--reason", REHEARSAL_REASON, ...folder],
      putBack: ["rotate", "--resume", ...folder],
      isHeld: ({ rotator }) => rotator === "paused",
      problem: expect("paused"),
      leftOver: expect("not_paused"),
    },
    given.options,
    status,
  );
}

async function dataDirFlag(given: Given): Promise<readonly string[]> {
  return ["--data-dir", (await given.need("data_dir")).path];
}

async function statusArguments(given: Given): Promise<readonly string[]> {
  return ["brake", "status", "--json", ...(await dataDirFlag(given))];
}

async function readStatus(given: Given): Promise<LeverStatus | undefined> {
  return readLeverStatus((await given.options.passerby(await statusArguments(given))).stdout);
}

async function positionOf(
  given: Given,
  status: readonly string[],
  lever: "edge" | "rotator",
): Promise<string | undefined> {
  return readLeverStatus((await given.options.passerby(status)).stdout)?.[lever];
}

/** A position with an end of its own lies over another: one more would take its place. */
function hasEnd({ brakes }: LeverStatus, target: string): boolean {
  return brakes.some((brake) => brake.target === target && brake.site === null && brake.until !== null);
}
