/** The page of somebody who is not signed in: takes a key, and says where to get one. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { CopyBlock } from "../controls/copy-block.tsx";
import { Mark } from "../controls/icons.tsx";

type SignInPageProps = {
  /** Why the last attempt failed; null before there was one. */
  readonly problem: string | null;
  readonly onSignIn: (key: string) => Promise<void>;
};

/** There is one thing to do on this page. */
function focusFirst(input: HTMLInputElement | null): void {
  input?.focus();
}

export function SignInPage({ problem, onSignIn }: SignInPageProps): JSX.Element {
  const [key, setKey] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const onSubmit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setIsBusy(true);
    await onSignIn(key.trim());
    setIsBusy(false);
  };
  return (
    <main class="sign-in">
      <div class="card">
        <h1>
          <Mark />
          Sign in to Passerby
        </h1>
        <form onSubmit={onSubmit}>
          <label>
            Key
            <input
              type="password"
              name="key"
              autocomplete="current-password"
              spellcheck={false}
              ref={focusFirst}
              aria-invalid={problem !== null}
              aria-describedby="sign-in-problem"
              value={key}
              onInput={(event) => setKey(event.currentTarget.value)}
            />
          </label>
          <p id="sign-in-problem" class="field-problem" role="alert">
            {problem}
          </p>
          <button type="submit" class="button button-primary" disabled={isBusy || key.trim() === ""}>
            Sign in
          </button>
        </form>
        <p class="quiet">No key yet? Make one on the machine that runs Passerby:</p>
        <CopyBlock label="the command for a key" code="npm run --silent passerby -- key create --scope read" />
        <p class="quiet">Or get a link there that signs in once:</p>
        <CopyBlock label="the command for a link" code="npm run --silent passerby -- sign-in" />
      </div>
    </main>
  );
}
