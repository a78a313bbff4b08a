/** `passerby brake`: stops or slows collecting at run time, through the running collector, for its next start, or at the edge. */
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Command } from "commander";
import { readAsker } from "../src/change-note.ts";
import { systemClock } from "../src/clock.ts";
import { readAudit } from "../src/collector/control/audit-file.ts";
import { BRAKE_COMMAND, writeBrakeChange } from "../src/collector/control/brake-command.ts";
import { type BrakeChange, openControl, readControlState } from "../src/collector/control/control-file.ts";
import { type BrakePosition, TARGETS } from "../src/collector/control/control-state.ts";
import type { Settings } from "../src/config.ts";
import { readEdgeBrake } from "../src/doctor/edge-brake/edge-folder.ts";
import { PasserbyError } from "../src/errors.ts";
import { askOwner } from "../src/log/owner/control-channel.ts";
import { claimDataDir, prepareDataDir } from "../src/log/owner/ownership.ts";
import { readPause } from "../src/log/rotate/pause.ts";
import { addEdgeDir, addEdgeFlags, changeEdge, checkEdgeFlags, type EdgeFlags, edgeDirOf } from "./brake-edge.ts";
import { readFor, readReason } from "./brake-flags.ts";
import { brakeJson, brakeText } from "./brake-report.ts";
import { tryRead } from "./lever-report.ts";
import { commandSettings } from "./settings.ts";

type Flags = EdgeFlags & {
  tracker?: boolean;
  collector?: boolean;
  site?: string;
  dataDir?: string;
};

/** Changes that `brake status` shows. */
const SHOWN_CHANGES = 10;
/** A folder that is just being claimed, by a start or another brake, is asked again so often and so long. */
const RETRY_MS = 50;
const MAX_TRIES = 100;
const BUSY: readonly string[] = ["data_dir_owned", "not_found", "internal_error"];

const HELP = `
The collector obeys at once and answers an event that it drops with 202 and the reason. Trackers hear of it with the next
answer that they get; no event leaves a page later than 60 s after that. A change with --for ends by itself; what held
before it without an end then holds again. Every change is kept in control-audit.jsonl.

With --edge nginx answers every event 503, whether or not a collector is there: the command writes on/brake.conf, has nginx
test and reload its files, and asks the edge. What nginx refuses is undone. passerby rotate --pause holds the rotator.

Exit codes:
  0  the change is on disk and in force, or will be with the next start
  1  --edge: nginx has taken the change, and the edge does not do as it was told
  2  wrong usage, or the change could not be written, or nginx refused it: nothing has changed

Examples:
  passerby brake on --for 30m --reason "a bot floods us"
  passerby brake rate 0.1 --tracker
  passerby brake on --collector --site example.com
  passerby brake off
  passerby brake on --edge --for 2h
  passerby brake on --edge --edge-dir deploy/edge/passerby --url https://metrics.example.com \\
    --nginx "docker compose --file deploy/docker-compose.full.yml exec -T edge nginx"
  passerby brake status --json`;

/** Makes the subcommand. */
export function brakeCommand(): Command {
  return new Command("brake")
    .description("stop or slow collecting at run time")
    .addCommand(
      addEdgeFlags(changeCommand("on", "stop: the collector drops every event, trackers send none")).action(
        (flags: Flags) => switchTo("on", flags),
      ),
    )
    .addCommand(
      addEdgeFlags(changeCommand("off", "let everything pass again, at its usual rate")).action((flags: Flags) =>
        switchTo("off", flags),
      ),
    )
    .addCommand(
      changeCommand("rate", "let a share of visitors pass; needs --tracker or --collector")
        .argument("<share>", "share of visitors, 0 to 1")
        .action((share: string, flags: Flags) => change(parseShare(share, flags), flags)),
    )
    .addCommand(
      addEdgeDir(new Command("status"))
        .description("show every lever: collector, tracker, edge, rotator; who set it until when, and the last changes")
        .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
        .option("--json", "print JSON")
        .action(async (flags: Flags) => {
          const { dataDir } = readDataDir(flags);
          report(dataDir, (await askOwner(dataDir, "hello")) === "owner", flags);
        }),
    )
    .addHelpText("after", HELP);
}

function changeCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("--collector", "only what the collector does with events that come")
    .option("--tracker", "only what trackers send")
    .option("--site <site>", "only for this site (not for a rate)")
    .option("--for <time>", "how long, such as 30m, 2h or 1d (default: until it is changed)")
    .option("--reason <text>", "why: kept with the change, and shown by status")
    .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
    .option("--json", "print JSON")
    .addHelpText("after", HELP);
}

function switchTo(position: "on" | "off", flags: Flags): Promise<void> {
  checkEdgeFlags(flags, { "--collector": flags.collector, "--tracker": flags.tracker, "--site": flags.site });
  return flags.edge ? changeEdge(position, flags) : change(position, flags);
}

function parseShare(text: string, { tracker, collector }: Flags): number {
  if (tracker === collector) {
    const message = "a rate is for one of the two: give --tracker or --collector (the shares of both multiply)";
    throw new PasserbyError("setting_invalid", message);
  }
  const share = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (share >= 0 && share <= 1) return share;
  throw new PasserbyError("setting_invalid", `rate ${text} is not allowed: give a share from 0 to 1, such as 0.1`);
}

async function change(position: BrakePosition, flags: Flags): Promise<void> {
  const targets = TARGETS.filter((target) => flags[target]);
  const [forMs, why] = [readFor(flags.for), readReason(flags.reason)];
  const { settings, dataDir } = readDataDir(flags);
  const isRunning = await makeChange(
    {
      position,
      targets: targets.length > 0 ? targets : TARGETS,
      site: flags.site ?? null,
      forMs,
      who: readAsker(),
      why,
    },
    dataDir,
    settings,
  );
  report(dataDir, isRunning, flags);
}

/** Has the owner of the folder make the change, or makes it as the owner; says whether a collector obeys already. */
async function makeChange(asked: BrakeChange, dataDir: string, settings: Settings): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    try {
      if ((await askOwner(dataDir, BRAKE_COMMAND, writeBrakeChange(asked))) !== undefined) return true;
      await changeUnowned(asked, dataDir, settings);
      return false;
    } catch (error) {
      if (tries === MAX_TRIES || !isBusy(error)) throw error;
      await delay(RETRY_MS);
    }
  }
}

/** Another brake has the folder for a moment, or gave it up while it was asked; an owner that starts knows no commands yet. */
function isBusy(error: unknown): boolean {
  return error instanceof PasserbyError && BUSY.includes(error.code);
}

async function changeUnowned(asked: BrakeChange, dataDir: string, settings: Settings): Promise<void> {
  prepareDataDir(dataDir);
  const ownership = await claimDataDir(dataDir, systemClock);
  try {
    const onWarning = (message: string): void => console.error(`passerby: ${message}`);
    openControl(dataDir, { clock: systemClock, settings, onWarning }).change(asked);
  } finally {
    await ownership.release();
  }
}

function report(dataDir: string, isRunning: boolean, flags: Flags): void {
  const nowMs = systemClock.now();
  const facts = {
    state: readControlState(dataDir),
    changes: readAudit(dataDir, SHOWN_CHANGES),
    edge: tryRead(() => readEdgeBrake(edgeDirOf(flags), nowMs)),
    pause: tryRead(() => readPause(dataDir)),
    nowMs,
    isRunning,
  };
  console.log(flags.json ? brakeJson(facts) : brakeText(facts));
}

function readDataDir(flags: Flags): { readonly settings: Settings; readonly dataDir: string } {
  const settings = commandSettings({ METRICS_DATA_DIR: flags.dataDir }, undefined);
  return { settings, dataDir: resolve(settings.dataDir) };
}
