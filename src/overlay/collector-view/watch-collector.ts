/** Keeps an eye on the collector of this page for an element that shows it, politely and only as far as it may ask. */
import type { Passerby } from "../../tracker/hooks.ts";
import { readObjections } from "../visitor/read-page.ts";
import { type Asked, askConfig, askSnapshot, type CollectorAddress } from "./ask-collector.ts";
import { readToken } from "./overlay-token.ts";
import type { RunTimeConfig, Snapshot } from "./parse-answers.ts";
import { type Poll, pollWhileVisible } from "./poll-while-visible.ts";

export type CollectorNews = {
  readonly config: Asked<RunTimeConfig> | undefined;
  readonly snapshot: Asked<Snapshot> | undefined;
};

export type WatchOptions = {
  readonly everyMs: number;
  /** How many last events to ask for. */
  readonly lastEvents: number;
  /** Whether the run-time config is of interest, too. */
  readonly withConfig: boolean;
  readonly onNews: (news: CollectorNews) => void;
};

/** Asks until it is stopped. While the tracker has not run, or nothing may be asked, it only looks again. */
export function watchCollector({ everyMs, lastEvents, withConfig, onNews }: WatchOptions): Poll {
  return pollWhileVisible(async () => {
    const address = findCollector(window.passerby?.settings);
    if (address === undefined || !mayAsk()) {
      onNews({ config: undefined, snapshot: undefined });
      return true;
    }
    const asks = [withConfig ? askConfig(address) : undefined, askSnapshot(address, lastEvents)] as const;
    const [config, snapshot] = await Promise.all(asks);
    onNews({ config, snapshot });
    return "value" in snapshot;
  }, everyMs);
}

/** A visitor whose browser says no to being counted causes no request, unless the owner looks with a token. */
export function mayAsk(): boolean {
  return readObjections().length === 0 || readToken() !== undefined;
}

function findCollector(settings: Passerby["settings"]): CollectorAddress | undefined {
  if (settings === undefined) return undefined;
  return { apiBaseUrl: settings.apiBaseUrl.replace(/\/+$/, ""), site: settings.site, token: readToken() };
}
