/** Says what went wrong, what to do about it, and lets one try again. */
import type { JSX } from "preact";
import type { ApiError } from "../api-client.ts";

type TroubleProps = { readonly error: ApiError; readonly onRetry: () => void };

export function Trouble({ error, onRetry }: TroubleProps): JSX.Element {
  return (
    <div class="trouble" role="alert">
      <p>
        <strong>This could not be read.</strong> {sentence(error.message)}
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
