/**
 * What the operator says at run time: whether to count, which share of visitors, how often to send. It is asked for
 * once a page load and again only when there is something to send, so that an idle page polls nothing and a brake
 * takes effect within 60 s: an answer may be 30 s old when it comes (Cache-Control), and then counts for 30 s.
 */
import { type ConfigTag, readConfigTag, request } from "./transport.ts";

/** Age at which an answer is no longer believed. */
const BELIEVED_MS = 30_000;
/** Age at which to ask again: 30 s less the 5 s that an event may wait after its asking. */
const REFRESH_MS = 25_000;
/** Events wait no longer than this for an answer. */
const PATIENCE_MS = 2_000;

/** The answer of `GET /api/metrics/config` in its own words. */
export type RunTimeConfig = {
  readonly enabled?: boolean;
  readonly sample_rate?: number | null;
  readonly max_batch: number;
  readonly flush_ms: number;
  /** This visitor's bucket, 0 to 65,535; undefined until the collector has told it. */
  readonly u?: number;
};

export type RemoteConfig = {
  /** The last answer over the defaults: where the page has no origin, as in a sandbox, `enabled` waits for an answer. */
  answer: RunTimeConfig;
  /**
   * Time by `performance.now()` after which nothing may be sent: the last answer, or where none has come the page, is too
   * old then for the brake's promise.
   */
  believedUntil: number;
  /** Asks again when the last answer is old; settles when an answer is there, at the latest after 2 s. */
  readonly refresh: () => Promise<unknown>;
  /** Hears which configuration the collector has; asks for it if it is another. */
  readonly noticeTag: (tag: ConfigTag) => void;
};

/** Asks for nothing until the first refresh. */
export function watchRemoteConfig(apiBaseUrl: string): RemoteConfig {
  let tag: ConfigTag;
  let askAgainAt = 0;
  let asking: Promise<void> | undefined;

  const ask = async (): Promise<void> => {
    const now = performance.now();
    // The first answer may be that of the page before; a later question is asked because that one is too old.
    const init: RequestInit = askAgainAt ? { cache: "no-cache" } : {};
    askAgainAt = now + REFRESH_MS;
    const answer = await request(`${apiBaseUrl}/api/metrics/config`, init);
    if (answer?.ok) {
      tag = readConfigTag(answer);
      config.answer = { ...config.answer, ...(await answer.json().catch(() => {})) };
      config.believedUntil = now + BELIEVED_MS;
    }
    asking = undefined;
  };
  const config: RemoteConfig = {
    // The collector of a sandboxed frame seldom lets it in: then one question is refused, and no event after it.
    answer: { enabled: origin !== "null", max_batch: 50, flush_ms: 5000 },
    believedUntil: performance.now() + BELIEVED_MS,
    refresh: () => {
      if (performance.now() >= askAgainAt) asking ??= ask();
      return Promise.race([asking, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    },
    noticeTag: (next) => {
      if (!next || next === tag) return;
      askAgainAt = 1;
      void config.refresh();
    },
  };
  return config;
}
