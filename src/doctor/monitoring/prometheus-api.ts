/** What a Prometheus says of its rules and targets (https://prometheus.io/docs/prometheus/latest/querying/api/). */
import { InputUnreadable } from "../input-errors.ts";
import type { Given } from "../inputs.ts";
import { ask, NoAnswer } from "../probe/ask.ts";
import { listIn, parseJson, textIn, valueIn } from "../probe/json-values.ts";

export type Rule = {
  readonly name: string;
  readonly kind: "alerting" | "recording";
  /** PromQL as Prometheus prints it. */
  readonly query: string;
  /** `ok`, `err`, or `unknown` before it was evaluated for the first time. */
  readonly health: string;
  readonly lastError: string;
  readonly file: string;
};

export type Target = {
  readonly job: string;
  readonly instance: string;
  readonly health: string;
  readonly error: string;
};

/** Asks below the address of --prometheus and returns `data`. Throws InputUnreadable where that is no Prometheus. */
export async function askPrometheus(given: Given, path: string): Promise<unknown> {
  const base = await given.need("prometheus");
  const url = new URL(path, base.href.endsWith("/") ? base : `${base.href}/`);
  const { username, password } = base;
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
  const headers = username === "" ? {} : { authorization: `Basic ${credentials}` };
  try {
    const { status, body } = await ask(given.options.network, url, { headers });
    const answer = parseJson(body);
    if (status === 200 && textIn(answer, "status") === "success") return valueIn(answer, "data");
    throw new InputUnreadable(`${url.host}${url.pathname}`, `answers ${status}, not as a Prometheus does`);
  } catch (cause) {
    if (cause instanceof NoAnswer) throw new InputUnreadable(url.host, cause.message, cause);
    throw cause;
  }
}

/** Every rule that is loaded. */
export async function listRules(given: Given): Promise<readonly Rule[]> {
  const data = await askPrometheus(given, "api/v1/rules");
  return listIn(data, "groups").flatMap((group) =>
    listIn(group, "rules").map(
      (rule): Rule => ({
        name: textIn(rule, "name"),
        kind: textIn(rule, "type") === "recording" ? "recording" : "alerting",
        query: textIn(rule, "query"),
        health: textIn(rule, "health"),
        lastError: textIn(rule, "lastError"),
        file: textIn(group, "file"),
      }),
    ),
  );
}

/** Targets that are scraped now. */
export async function listTargets(given: Given): Promise<readonly Target[]> {
  const data = await askPrometheus(given, "api/v1/targets?state=active");
  return listIn(data, "activeTargets").map((target) => ({
    job: textIn(target, "labels", "job"),
    instance: textIn(target, "labels", "instance"),
    health: textIn(target, "health"),
    error: textIn(target, "lastError"),
  }));
}

/** Job and instance of each series that a query gives. */
export async function listSources(given: Given, query: string): Promise<readonly Pick<Target, "job" | "instance">[]> {
  const data = await askPrometheus(given, `api/v1/query?query=${encodeURIComponent(query)}`);
  return listIn(data, "result").map((series) => ({
    job: textIn(series, "metric", "job"),
    instance: textIn(series, "metric", "instance"),
  }));
}
