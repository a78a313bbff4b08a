/** What the check of health checks finds out: that each service has one, which can succeed and can fail. */
import { commandWords, withoutShell } from "../compose/command-words.ts";
import type { Service } from "../compose/compose-service.ts";
import type { ComposeProject } from "../compose-project.ts";
import { readDockerfile } from "./dockerfile.ts";
import { secondsOf } from "./durations.ts";
import { eachService, type Judged, judged, type RuleContext } from "./service-rule.ts";

/** Does Docker know whether each service works? */
export const judgeHealthchecks: ReturnType<typeof eachService> = eachService({
  scope: "own",
  judge: (service, context) => [judgeOne(service, context)],
  remedy:
    'Give each service a health check of its own, such as test: ["CMD", "node", "/app/is-healthy.ts", "collector"] (rotator for the rotator), and --fail for curl.',
});

function judgeOne(service: Service, { roles, compose }: RuleContext): Judged {
  const path = ["healthcheck", "test"];
  if (service.text("healthcheck", "disable") === "true")
    return judged("warn", service, ["healthcheck", "disable"], "true");
  const test = testOf(compose, service);
  const found = test?.join(" ") ?? "";
  if (test === undefined) {
    const image = readDockerfile(service.dockerfile);
    // The one of our image asks the collector, which is not in the container of the rotator.
    if (image?.hasHealthcheck === true) return judged("pass", service, path, "that of the image");
    return judged("warn", service, path, "");
  }
  const role = roles.rotators.includes(service) ? "rotator" : service === roles.edge ? "edge" : "collector";
  const problem = patienceProblem(service) ?? problemOf(test, role);
  return problem === undefined
    ? judged("pass", service, path, found)
    : told(judged("fail", service, path, found), problem);
}

/** Longer than this nobody is told of a service that hangs. */
const LONGEST_S = 3_600;

function patienceProblem(service: Service): string | undefined {
  const retries = Number(service.text("healthcheck", "retries") ?? 3);
  const interval = secondsOf(service.text("healthcheck", "interval") ?? "30s");
  return retries * interval > LONGEST_S ? `tells only after ${retries} times ${interval} s` : undefined;
}

function testOf(compose: ComposeProject, { name }: Service): readonly string[] | undefined {
  const value = compose.valueAt(["services", name, "healthcheck", "test"]);
  // A text is run by a shell, as after CMD-SHELL.
  return typeof value === "string" ? ["CMD-SHELL", value] : commandWords(value);
}

function problemOf([kind, ...rest]: readonly string[], role: string): string | undefined {
  if (kind === "NONE") return "is switched off";
  if (kind !== "CMD" && kind !== "CMD-SHELL") return "has to begin with CMD or CMD-SHELL";
  const words = kind === "CMD-SHELL" ? withoutShell(["sh", "-c", rest.join(" ")]) : rest;
  const [program = ""] = words;
  if (program === "") return "runs nothing";
  if (/(^|\/)curl$/.test(program)) return curlProblem(words, role);
  const script = words.findIndex((word) => word.endsWith("is-healthy.ts"));
  if (script === -1) return /(^|\/)node$/.test(program) ? nodeProblem(words) : unknownProblem(program);
  if (!/(^|\/)node$/.test(program)) return "runs is-healthy.ts without node";
  if (words[script] !== "/app/is-healthy.ts") return "the image has /app/is-healthy.ts";
  return words[script + 1] === role ? undefined : `asks for ${words[script + 1] ?? "nobody"} in place of the ${role}`;
}

/** A script of somebody's own may be right; one in the folder of our image is there or is not. */
function nodeProblem([, first = ""]: readonly string[]): string | undefined {
  if (/^(-e|--eval|-p|--print)$/.test(first) || (/\.[cm]?[jt]s$/.test(first) && !first.startsWith("/app/")))
    return undefined;
  return "runs a script that the image does not have";
}

function curlProblem(words: readonly string[], role: string): string | undefined {
  const url = words.map((word) => URL.parse(word)).find((one) => one !== null && /^https?:$/.test(one.protocol));
  if (!url) return "asks no address";
  if (!words.some((word) => word === "--fail" || /^-\w*f/.test(word)))
    return "passes whatever the answer is: add --fail";
  if (
    words.some(
      (word) =>
        word.startsWith("--") && !/^--(fail|silent|show-error|output|max-time|insecure|head|location)$/.test(word),
    )
  ) {
    return "has a flag that is none of the usual ones";
  }
  const isOwn = !/^(127\.|localhost$|\[::1\]$)/.test(url.hostname);
  if (isOwn) return "asks another machine than its own";
  return role === "edge" && /edge-/.test(url.pathname) && url.pathname !== "/edge-health"
    ? "asks a path that the edge does not have"
    : undefined;
}

/** Programs that images of such services have; another one may be right, so only what is near one of them is told. */
function unknownProblem(program: string): string | undefined {
  const known = ["curl", "node", "wget", "nc", "nginx", "caddy", "traefik", "is-healthy.sh", "test", "sh"];
  const name = program.split("/").at(-1) ?? "";
  if (name.startsWith("-")) return "runs a flag in place of a program";
  if (known.includes(name)) return undefined;
  return known.some((one) => name.startsWith(one.slice(0, 3)))
    ? "runs a program that the image does not have"
    : undefined;
}

function told({ verdict, evidence }: Judged, problem: string): Judged {
  return { verdict, evidence: { ...evidence, what: `${evidence.what}: ${problem}` } };
}
