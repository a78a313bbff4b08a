/** `passerby brake on|off --edge`: the emergency brake of the edge, by way of nginx. */
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { readAsker } from "../src/change-note.ts";
import { systemClock } from "../src/clock.ts";
import { changeEdgeBrake } from "../src/doctor/edge-brake/edge-brake.ts";
import { EDGE_DIR } from "../src/doctor/edge-brake/edge-folder.ts";
import { splitCommand } from "../src/doctor/edge-brake/nginx-command.ts";
import { parseAddress } from "../src/doctor/edge-brake/probe-edge.ts";
import { PasserbyError } from "../src/errors.ts";
import { readFor, readReason } from "./brake-flags.ts";
import { checkText, edgeJson, edgeLines } from "./lever-report.ts";

export type EdgeFlags = {
  edge?: boolean;
  edgeDir?: string;
  nginx?: string;
  url?: string;
  for?: string;
  reason?: string;
  json?: boolean;
};

/** Exit code when nginx has taken the change and the edge does not do as it was told. */
const EXIT_NOT_IN_FORCE = 1;

/** Adds the flag that says where the edge's files are. */
export function addEdgeDir(command: Command): Command {
  return command.addOption(new Option("--edge-dir <dir>", `folder of the edge's files (default ${EDGE_DIR})`));
}

/** Adds the flags of a change of the edge. */
export function addEdgeFlags(command: Command): Command {
  const withEdge = command.option("--edge", "not in the collector but in nginx in front of it (deploy/edge)");
  return addEdgeDir(withEdge)
    .option("--nginx <command>", "with --edge: how nginx is run (default nginx)")
    .option("--url <url>", "with --edge: where the edge is asked afterwards (default: as its files say)");
}

/** Throws `setting_invalid` for flags of the edge without it, and for those of the collector with it. */
export function checkEdgeFlags(flags: EdgeFlags, others: Readonly<Record<string, unknown>>): void {
  const names = (from: Readonly<Record<string, unknown>>): readonly string[] =>
    Object.keys(from).filter((name) => from[name] !== undefined);
  const wrong = flags.edge ? names(others) : names({ "--nginx": flags.nginx, "--url": flags.url });
  if (wrong.length === 0) return;
  const why = flags.edge ? "does not go with --edge" : "goes with --edge only";
  throw new PasserbyError("setting_invalid", `${wrong[0]} ${why}: see passerby brake --help`);
}

/** Makes a change, prints what came of it, and sets the exit code. */
export async function changeEdge(position: "on" | "off", flags: EdgeFlags): Promise<void> {
  const { state, check } = await changeEdgeBrake({
    position,
    dir: edgeDirOf(flags),
    nginx: splitCommand(flags.nginx ?? "nginx"),
    address: flags.url === undefined ? undefined : parseAddress(flags.url),
    forMs: readFor(flags.for),
    who: readAsker(),
    why: readReason(flags.reason),
    clock: systemClock,
  });
  if (check?.isAsExpected === false) process.exitCode = EXIT_NOT_IN_FORCE;
  const edge = { value: state };
  if (flags.json)
    console.log(JSON.stringify({ edge: edgeJson(edge), check: check === null ? null : checkJson(check) }));
  else console.log([...edgeLines(edge), checkText(check, position)].join("\n"));
}

/** The folder of the edge's files that is meant. */
export function edgeDirOf({ edgeDir }: EdgeFlags): string {
  return resolve(edgeDir ?? EDGE_DIR);
}

function checkJson({ url, isAsExpected, answer }: { url: string; isAsExpected: boolean; answer: string }): object {
  return { url, in_force: isAsExpected, answer };
}
