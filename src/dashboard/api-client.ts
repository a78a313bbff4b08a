/** The server as the dashboard sees it: one function a request, same origin, JSON both ways; every failure is an ApiError. */
import type { Answer, DateRange, Dimension, Filter, Metric, OrderBy } from "../report.ts";

/** A question as `POST /api/query` takes it. */
export type Question = {
  readonly site: string;
  readonly metrics: readonly Metric[];
  readonly date_range: DateRange;
  readonly timezone: string;
  readonly dimensions?: readonly Dimension[];
  readonly filters?: readonly Filter[];
  readonly order_by?: OrderBy;
  readonly include?: {
    readonly time_labels?: boolean;
    readonly total_rows?: boolean;
    readonly trim_relative_date_range?: boolean;
    readonly comparisons?: { readonly mode: "previous_period" };
  };
  readonly pagination?: { readonly limit: number; readonly offset: number };
};

/** The configured sites; `base_url` is where the tracker script is served from. */
export type SiteList = {
  readonly sites: readonly { readonly name: string; readonly hosts: readonly string[] }[];
  readonly default_site: string;
  readonly base_url: string;
};

/** Requests that were dropped or refused for one reason; `subject` is the origin or field in question. */
export type ArrivalNote = {
  readonly count: number;
  readonly kind: "dropped" | "refused";
  readonly reason: string;
  readonly subject: string | null;
};

/** What has arrived for a site since the server started. */
export type Arrivals = {
  readonly received: number;
  readonly stored: number;
  readonly notes: readonly ArrivalNote[];
};

/** What the ledger is asked for; an event counts in the range in which it came. */
export type LedgerQuestion = Pick<Question, "site" | "date_range" | "timezone">;

/** Numbers of events. received = stored + dropped + refused + in_flight. */
export type LedgerTotals = {
  readonly received: number;
  readonly stored: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  /** Given up by clients before they could be sent; no part of received. */
  readonly client_lost: number;
  /** Of requests that have no answer yet. */
  readonly in_flight: number;
};

export type LedgerReport = {
  readonly totals: LedgerTotals;
  /** False where the numbers do not add up in some minute. */
  readonly balanced: boolean;
  readonly warnings: readonly string[];
};

/** What became of a site's events; `unknown` is what no site can be told of, null where that may not be seen. */
export type SiteLedger = { readonly own: LedgerReport; readonly unknown: LedgerReport | null };

/** How the server itself is; `reasons` say why events cannot be stored. */
export type HealthAnswer = { readonly reasons?: readonly string[]; readonly warnings: readonly string[] };

/** How a visitor of the dashboard proves who they are: with a key, or once with the link of the terminal. */
export type Credential = { readonly key: string } | { readonly token: string };

/** A request that failed. `code` is the server's error code, or `unreachable` when no answer came. */
export class ApiError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.name = "ApiError";
    this.code = code;
  }
}

export type ApiClient = {
  readonly signIn: (credential: Credential) => Promise<void>;
  readonly signOut: () => Promise<void>;
  readonly listSites: () => Promise<SiteList>;
  readonly ask: (question: Question, signal?: AbortSignal) => Promise<Answer>;
  readonly countVisitorsNow: (site: string) => Promise<number>;
  readonly readArrivals: (site: string) => Promise<Arrivals>;
  readonly readLedger: (question: LedgerQuestion, signal?: AbortSignal) => Promise<SiteLedger>;
  readonly readHealth: () => Promise<HealthAnswer>;
};

/** Makes a client. `onKeyRequired` is called whenever an answer says that nobody is signed in. */
export function createApiClient(onKeyRequired: () => void): ApiClient {
  const post = async (path: string, body: object, signal?: AbortSignal): Promise<unknown> => {
    try {
      return await postJson(path, body, signal);
    } catch (error) {
      if (error instanceof ApiError && error.code === "key_required" && path !== "/api/sign-in") onKeyRequired();
      throw error;
    }
  };
  // The casts below are the border: server and dashboard are built from the same sources and types.
  return {
    signIn: async (credential) => void (await post("/api/sign-in", credential)),
    signOut: async () => void (await post("/api/sign-out", {})),
    listSites: async () => (await post("/api/sites", {})) as SiteList,
    ask: async (question, signal) => (await post("/api/query", question, signal)) as Answer,
    countVisitorsNow: async (site) => ((await post("/api/now", { site })) as { visitors: number }).visitors,
    readArrivals: async (site) => (await post("/api/arrivals", { site })) as Arrivals,
    readLedger: async (question, signal) => (await post("/api/ledger", question, signal)) as SiteLedger,
    readHealth: async () => (await post("/api/health", {})) as HealthAnswer,
  };
}

async function postJson(path: string, body: object, signal: AbortSignal | undefined): Promise<unknown> {
  const response = await send(path, body, signal);
  const text = await response.text();
  const answer = parseJson(text);
  if (response.ok && answer !== undefined) return answer;
  const { error, message } = (answer ?? {}) as { error?: string; message?: string };
  throw new ApiError(
    error ?? `http_${response.status}`,
    message ?? `the server answered ${response.status}; try again, then look at its output`,
  );
}

async function send(path: string, body: object, signal: AbortSignal | undefined): Promise<Response> {
  const headers = { "content-type": "application/json" };
  try {
    return await fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiError("unreachable", "the server does not answer; see whether it is running, then try again", {
      cause: error,
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
