/** What the check of the collector's command finds out: that passerby start takes it, and listens where the edge can reach it. */
import { isIP } from "node:net";
import { isLoopback } from "../../../config.ts";
import { nearestName } from "../../../nearest-name.ts";
import { type Finding, fail, pass } from "../../check.ts";
import type { Given } from "../../inputs.ts";
import { collectorOf } from "./service-roles.ts";

/** Flags of start that take no value. */
const WITHOUT_VALUE: readonly string[] = ["--no-store"];

/** Does passerby start take the command? */
export async function judgeStart(given: Given): Promise<Finding> {
  const service = collectorOf(await given.need("compose"));
  const { name, words, environment, networkMode } = service;
  const evidence = {
    what: `command of ${name}`,
    found: words.join(" ") || "(none): that of the image",
    where: service.where("command"),
  };
  // The command of our image has what is asked here.
  if (!service.has("command") && !words.includes("start")) return pass(evidence);
  const flags = readFlags(words, await given.options.flagsOf("start"));
  const host = typeof flags === "string" ? "" : (flags.get("--host") ?? (environment.get("HOST") || "127.0.0.1"));
  const problem = typeof flags === "string" ? flags : hostProblem(host, networkMode === "host");
  if (problem === undefined) return pass(evidence);
  return fail([evidence], { text: `${problem}. Write command: [start, --host, 0.0.0.0].` });
}

/** The flags with their values, or why the command ends at once. */
function readFlags(words: readonly string[], known: readonly string[]): ReadonlyMap<string, string> | string {
  const at = words.indexOf("start");
  if (at === -1) return "It runs no passerby start";
  const flags = new Map<string, string>();
  for (let index = at + 1; index < words.length; index++) {
    const word = words[index] ?? "";
    const [, flag, value] = /^(--[^=]+)(?:=([\s\S]*))?$/.exec(word) ?? [];
    if (flag === undefined) return `It ends at once: ${word} is neither a flag nor the value of one`;
    if (!known.includes(flag)) {
      return `It ends at once: ${flag} is no flag of passerby start; did you mean ${nearestName(flag, known)?.name ?? ""}?`;
    }
    flags.set(flag, value ?? (WITHOUT_VALUE.includes(flag) ? "" : (words[++index] ?? "")));
  }
  return flags;
}

function hostProblem(host: string, isHostNetwork: boolean): string | undefined {
  if (host !== "localhost" && isIP(host) === 0)
    return `It ends at once: ${host || "nothing"} is no address to listen on`;
  return isLoopback(host) && !isHostNetwork
    ? `It listens on ${host}, where nothing outside of its container reaches it`
    : undefined;
}
