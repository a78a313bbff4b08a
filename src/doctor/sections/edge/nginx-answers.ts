/** What nginx answers by itself where events arrive, status by status. */
import type { Evidence } from "../../check.ts";
import { answerError, type ErrorAnswer } from "../../nginx/error-answers.ts";
import { whereOf } from "../../nginx/nginx-config.ts";
import type { WithEvent } from "./edge-view.ts";

/** Statuses that nginx answers events with by itself, and the code of each (docs/reference/errors.md). */
export const CODES: Readonly<Record<number, string>> = {
  413: "payload_too_large",
  429: "rate_limited",
  502: "collector_unavailable",
  503: "collector_unavailable",
  504: "collector_unavailable",
};
export const STATUSES: readonly number[] = Object.keys(CODES).map(Number);
/** After these the tracker sends again. */
export const RETRIED: readonly number[] = [429, 502, 503, 504];
export const LONGEST_WAIT_S = 600;

export function answerAs({ model, event }: WithEvent, status: number, origin?: string): ErrorAnswer {
  const { asked } = event.variables;
  const headers = { ...asked.headers, ...(origin === undefined ? {} : { origin }) };
  const variables = { ...event.variables, values: new Map<string, string>(), asked: { ...asked, headers } };
  return answerError(model, { ...event, variables }, status);
}

export function evidenceOf({ page, scopes }: ErrorAnswer, what: string, value: string): Evidence {
  const opening = scopes.at(-1)?.opening ?? page;
  return { what, found: value, ...(opening === undefined ? {} : { where: whereOf(opening) }) };
}

export function headerIn(answer: ErrorAnswer, name: string): string | undefined {
  const values = answer.headers.filter((header) => header.name === name).map(({ value }) => value);
  return values.length === 0 ? undefined : values.join(", ");
}

export const OWN_PAGES = "nginx answers with its own pages: see edge.errors-as-json";

/** Those that have a page of their own and stay what they are; the others are told by the first check alone. */
export function toldIn(view: WithEvent, statuses: readonly number[]): readonly number[] {
  return statuses.filter((status) => {
    const answer = answerAs(view, status);
    return answer.page !== undefined && answer.status === status;
  });
}

export function codeIn(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null || Reflect.get(value, "ok") !== false) return undefined;
    const [code, message]: unknown[] = [Reflect.get(value, "error"), Reflect.get(value, "message")];
    return typeof code === "string" && typeof message === "string" ? code : undefined;
  } catch {
    return undefined;
  }
}

export const JSON_TYPE: RegExp = /^application\/json(?:;\s*charset="?utf-8"?)?$/i;
