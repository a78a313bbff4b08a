/** What a page may tell the tracker. */

/** Facts of your own about an event: JSON values, at most 64 keys and 16 KiB. Never put personal data here. */
export type Metadata = Readonly<Record<string, unknown>>;

/** Records that something happened. It never throws, never waits and never stores anything in the browser. */
export type Track = (name: string, metadata?: Metadata) => void;

export type TrackerOptions = {
  /** Where the collector is, such as `https://api.example.com`. Default: `VITE_API_BASE_URL`, else the page's origin. */
  readonly apiBaseUrl?: string | undefined;
  /** Name of a configured site. Default: `VITE_METRICS_SITE`, else the collector goes by the page's host name. */
  readonly site?: string | undefined;
  /**
   * Share of visitors to count, 0 to 1. Default: `VITE_METRICS_SAMPLE_RATE`, else 1. A rate that the operator sets on
   * the collector comes before it. What is no number counts nobody.
   */
  readonly sampleRate?: number | undefined;
  /** Counts a change of the fragment as a page view, for sites whose pages are `#/about`. Default: false. */
  readonly hash?: boolean | undefined;
  /** Where events wait that could not be delivered before the page was left. Default: `session`. */
  readonly outbox?: OutboxPlace | undefined;
};

/**
 * `session`: the tab's storage, which ends with the tab; `local`: the browser's, for at most 23 hours, so that they are
 * sent when the visitor comes back; `memory`: nowhere.
 */
export type OutboxPlace = "session" | "local" | "memory";
