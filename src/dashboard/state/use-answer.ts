/** Asks a question and keeps the last answer while the next one is on its way, so that the page never jumps. */
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Answer } from "../../report.ts";
import { ApiError, type LedgerQuestion, type Question, type SiteLedger } from "../api-client.ts";
import { useSession } from "./session.ts";

export type AnswerState<Answered = Answer> = {
  /** The newest answer there is; null until the first one came. */
  readonly answer: Answered | null;
  /** True while the answer belongs to the question before. */
  readonly isStale: boolean;
  readonly error: ApiError | null;
  readonly retry: () => void;
};

/** Asks for figures, whenever the question or `refresh` changes; null asks nothing. */
export function useAnswer(question: Question | null, refresh = 0): AnswerState {
  const { api } = useSession();
  return useAsked(question, api.ask, refresh);
}

/** Asks what arrived, whenever the question or `refresh` changes. */
export function useLedger(question: LedgerQuestion, refresh: number): AnswerState<SiteLedger> {
  const { api } = useSession();
  return useAsked(question, api.readLedger, refresh);
}

type Outcome<Answered> = {
  readonly key: string;
  readonly answer: Answered | null;
  readonly error: ApiError | null;
};

/** A request that is no longer wanted is stopped. `ask` must be the same function each time. */
function useAsked<Asked, Answered>(
  question: Asked | null,
  ask: (question: Asked, signal: AbortSignal) => Promise<Answered>,
  refresh: number,
): AnswerState<Answered> {
  const key = question === null ? null : JSON.stringify(question);
  const [attempt, setAttempt] = useState(0);
  const [outcome, setOutcome] = useState<Outcome<Answered> | null>(null);

  // `refresh` and `attempt` ask the same question again
  useEffect(() => {
    if (key === null) return;
    const controller = new AbortController();
    ask(JSON.parse(key) as Asked, controller.signal).then(
      (answer) => setOutcome({ key, answer, error: null }),
      (error: unknown) => {
        if (controller.signal.aborted) return;
        // Figures of another question would be taken for those of this one; older ones of the same may stay.
        const kept = (before: Outcome<Answered> | null): Answered | null =>
          before?.key === key ? before.answer : null;
        setOutcome((before) => ({ key, answer: kept(before), error: toApiError(error) }));
      },
    );
    return () => controller.abort();
  }, [ask, key, refresh, attempt]);

  const retry = useCallback(() => setAttempt((count) => count + 1), []);
  const isCurrent = outcome !== null && outcome.key === key;
  return {
    answer: outcome?.answer ?? null,
    isStale: outcome !== null && (!isCurrent || outcome.error !== null),
    error: isCurrent ? outcome.error : null,
    retry,
  };
}

/** Turns anything thrown into an ApiError, which the page knows how to show. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError("internal_error", error instanceof Error ? error.message : String(error), { cause: error });
}
