/** `passerby smoke`: asks a running collector whether it takes, keeps, shows and answers, once or for a quarter of an hour. */
import { statfsSync } from "node:fs";
import { Command } from "commander";
import { systemClock } from "../src/clock.ts";
import { SETTINGS } from "../src/config.ts";
import { diskSpaceOf, usedPercent } from "../src/disk-space.ts";
import { runSmokeTest, type SmokeTarget } from "../src/doctor/smoke/smoke-test.ts";
import { judgeRounds, type Round, watchBySmoke } from "../src/doctor/smoke/smoke-watch.ts";
import { parseDuration } from "./duration.ts";
import { readAddress, readKey, readNetwork } from "./network-flags.ts";
import { collect } from "./repeated-flag.ts";
import { chartText, roundText, smokeJson, smokeText, verdictJson, verdictText } from "./smoke-report.ts";

type Flags = {
  keyFile?: string;
  watch?: string;
  every: string;
  dataDir?: string;
  json?: boolean;
  connectTo: readonly string[];
  ca?: string;
};

const HELP = `
Sends one smoke event, which is kept out of every answer that does not ask for it, then asks for the snapshot and for health.
With a key of scope read the event is looked up again, in the snapshot and by a query. Without one, an event that is not
stored is accepted where the answer names the reason (a brake, say), and the reason is shown.

--watch repeats it, draws latency, errors, 429s and disk, and judges all of it at the end; Ctrl-C judges what was seen.
The disk is seen with --data-dir, on the collector's machine.

Exit codes:
  0  all passed
  1  something failed
  2  wrong usage

Examples:
  passerby smoke https://metrics.example.com
  passerby smoke https://metrics.example.com --key-file read.key --json
  passerby smoke https://metrics.example.com --watch 15m --data-dir /var/lib/passerby
  */15 * * * *  passerby smoke https://metrics.example.com > /dev/null || mail -s "collector" you@example.com < /dev/null`;

/** Makes the subcommand. */
export function smokeCommand(): Command {
  return new Command("smoke")
    .description("ask a running collector whether it takes, keeps, shows and answers")
    .argument("<url>", "address of the collector, as browsers reach it")
    .option("--key-file <file>", "file with a key of scope read (default: PASSERBY_KEY)")
    .option("--watch <time>", "repeat it for so long, such as 15m")
    .option("--every <time>", "with --watch: how often", "15s")
    .option("--data-dir <dir>", "with --watch: data directory whose disk is looked at")
    .option("--connect-to <host:port=address:port>", "use this address in place of DNS (repeatable)", collect, [])
    .option("--ca <file>", "certificates to trust, as PEM, in place of the system's")
    .option("--json", "print JSON; with --watch a line a round and one for the verdict")
    .addHelpText("after", HELP)
    .action(smoke);
}

async function smoke(address: string, flags: Flags): Promise<void> {
  const target = readTarget(address, flags);
  const isPassed = flags.watch === undefined ? await once(target, flags) : await watch(target, flags, flags.watch);
  if (!isPassed) process.exitCode = 1;
}

async function once(target: SmokeTarget, { json }: Flags): Promise<boolean> {
  const report = await runSmokeTest(target);
  const hasColours = process.stdout.hasColors?.() ?? false;
  console.log(
    json
      ? JSON.stringify(smokeJson(report), null, 2)
      : smokeText(report, { hasKey: target.key !== undefined, hasColours }),
  );
  return report.isPassed;
}

async function watch(target: SmokeTarget, flags: Flags, time: string): Promise<boolean> {
  const durationMs = parseDuration("--watch", time);
  const everyMs = parseDuration("--every", flags.every);
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  const startMs = systemClock.monotonicMs();
  const rounds = await watchBySmoke(target, {
    ...{ durationMs, everyMs, signal: interrupted.signal },
    readDiskPercent: () =>
      flags.dataDir === undefined ? undefined : usedPercent(diskSpaceOf(statfsSync(flags.dataDir))),
    onRound: (seen) => showRound(seen, durationMs - (systemClock.monotonicMs() - startMs), flags.json === true),
  });
  const verdict = judgeRounds(rounds, Number(SETTINGS.diskWarnPercent.fallback));
  console.log(flags.json ? JSON.stringify(verdictJson(verdict)) : verdictText(verdict));
  return verdict.isPassed;
}

function showRound(rounds: readonly Round[], leftMs: number, isJson: boolean): void {
  const last = rounds.at(-1);
  if (last === undefined) return;
  if (isJson || !process.stdout.isTTY) {
    console.log(isJson ? JSON.stringify(smokeJson(last.report)) : roundText(last));
    return;
  }
  const chart = chartText(rounds, Math.max(0, leftMs));
  const lines = chart.split("\n").length;
  // From the second round on the chart is drawn over the one before.
  process.stdout.write(`${rounds.length > 1 ? `\u001b[${lines}A\u001b[J` : ""}${chart}\n`);
}

function readTarget(address: string, flags: Flags): SmokeTarget {
  return {
    url: readAddress("the address", address),
    network: readNetwork(flags),
    key: readKey(flags.keyFile),
    clock: systemClock,
  };
}
