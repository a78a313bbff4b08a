/** Small changes of a running deployment, made by rule from what it sends: each is a fault. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EDGE } from "../../edge/edge-files.ts";
import type { LiveChange } from "../live/live-deployment.ts";

export type Mutation = { readonly name: string; readonly change: LiveChange };

/** Changes that break nothing: the same is said in another way. */
const HARMLESS: readonly RegExp[] = [
  // frame-ancestors of the content security policy says it, too.
  /without .*X-Frame-Options|X-Frame-Options.* not always/,
  // None is as good as 0.
  /without .*X-XSS-Protection|X-XSS-Protection.* not always/,
  // Lists, which the receiver joins.
  /(?:Expose-Headers|Vary|Cache-Control|Allow \$).* twice/,
];

/** Every header that a file of the edge adds: left out, left out of errors, sent twice. */
function mutateHeaders(file: string): readonly Mutation[] {
  const lines = readFileSync(join(EDGE, file), "utf8").match(/^add_header .*;$/gm) ?? [];
  return lines.flatMap((line) => {
    // No other answer has it than those that a burst is given.
    const hasLoad = line.includes("Retry-After");
    const to = (text: string): LiveChange => ({ hasLoad, edge: (patch) => patch(file, line, text) });
    return [
      { name: `${file} without ${line}`, change: to("") },
      { name: `${file}: ${line} not always`, change: to(line.replace(" always", "")) },
      { name: `${file}: ${line} twice`, change: to(`${line}\n${line}`) },
    ];
  });
}

/** Every header of the answer to a preflight that CORS is about: left out, sent twice, emptied. */
function mutatePreflight(): readonly Mutation[] {
  const names = ["access-control-allow-origin", "access-control-allow-headers", "access-control-allow-methods"];
  return [...names, "access-control-max-age", "vary"].flatMap((name) =>
    (["without", "empty", "null"] as const).map((how) => ({
      name: `preflight ${how} ${name}`,
      change: {
        answer: ({ method, headers }) => {
          if (method !== "OPTIONS") return;
          if (how === "without") headers.delete(name);
          else headers.set(name, [how === "empty" ? "" : "null"]);
        },
      },
    })),
  );
}

/** Every part of health and of the snapshot that the contract has: left out, and of another type. */
function mutateAnswers(): readonly Mutation[] {
  const parts = [
    ...["status", "ring_size", "file_exists"].map((field) => ["/api/metrics/health", field] as const),
    ...["total", "by_event", "last_events"].map((field) => ["/api/metrics/behavior", field] as const),
  ];
  return parts.flatMap(([path, field]) =>
    [undefined, {}].map((value) => ({
      name: `${path} with ${field} ${JSON.stringify(value)}`,
      change: {
        answer: (answer) => {
          if (answer.path.split("?")[0] !== path) return;
          answer.body = Buffer.from(JSON.stringify({ ...JSON.parse(answer.body.toString()), [field]: value }));
        },
      },
    })),
  );
}

export const LIVE_MUTATIONS: readonly Mutation[] = [
  ...mutateHeaders("passerby/headers.conf"),
  ...mutateHeaders("passerby/error-headers.conf"),
  ...mutatePreflight(),
  ...mutateAnswers(),
].filter(({ name }) => !HARMLESS.some((pattern) => pattern.test(name)));
