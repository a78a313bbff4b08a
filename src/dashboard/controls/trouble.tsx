/** Says what went wrong, what to do about it, and lets one try again. */
import type { JSX } from "preact";
import type { ApiError } from "../api-client.ts";
import { toSentence } from "../format/sentence.ts";

type TroubleProps = { readonly error: ApiError; readonly onRetry: () => void };

export function Trouble({ error, onRetry }: TroubleProps): JSX.Element {
  return (
    <div class="trouble" role="alert">
      <p>
        <strong>This could not be read.</strong> {toSentence(error.message)}
      </p>
      <button type="button" class="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}
