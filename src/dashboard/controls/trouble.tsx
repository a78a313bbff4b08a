/** Says what went wrong, what to do about it, and lets one try again. */
import type { JSX } from "preact";
import type { ApiError } from "../api-client.ts";

/** What helps, by error code, where the server's message does not say it. */
const REMEDIES: Readonly<Record<string, string>> = {
  unreachable: "",
  rate_limited: "Wait a moment, then try again.",
  store_unavailable: "It may still be reading the log; try again in a moment.",
  scope_missing: "Sign in with a key whose scope is read.",
};

type TroubleProps = { readonly error: ApiError; readonly onRetry: () => void };

export function Trouble({ error, onRetry }: TroubleProps): JSX.Element {
  return (
    <div class="trouble" role="alert">
      <p>
        <strong>This could not be read.</strong> {sentence(error.message)} {REMEDIES[error.code] ?? ""}
      </p>
      <button type="button" class="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
