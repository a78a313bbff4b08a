/** The gate: signs in with the link of the terminal or a key, reads the sites, then shows the page. */
import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { type ApiClient, type ApiError, createApiClient, type SiteList } from "./api-client.ts";
import { Trouble } from "./controls/trouble.tsx";
import { SignInPage } from "./pages/sign-in-page.tsx";
import { SitePage } from "./pages/site-page.tsx";
import { readTimezone, SessionContext } from "./state/session.ts";
import { takeSignInToken } from "./state/sign-in-token.ts";
import { toApiError } from "./state/use-answer.ts";

type Gate =
  | { readonly state: "opening" }
  | { readonly state: "signed-out"; readonly problem: string | null }
  | { readonly state: "failed"; readonly error: ApiError }
  | { readonly state: "open"; readonly siteList: SiteList };

export function App(): JSX.Element {
  const [gate, setGate] = useState<Gate>({ state: "opening" });
  const api = useMemo(() => createApiClient(() => setGate({ state: "signed-out", problem: null })), []);
  const session = useMemo(() => ({ api, timezone: readTimezone() }), [api]);
  const open = useCallback(async () => setGate(await readGate(api, takeSignInToken())), [api]);
  useEffect(() => {
    void open();
    // A fresh link pasted into an open page changes the fragment only, and loads nothing.
    addEventListener("hashchange", open);
    return () => removeEventListener("hashchange", open);
  }, [open]);

  const signIn = async (key: string): Promise<void> => {
    try {
      await api.signIn({ key });
      await open();
    } catch (error) {
      setGate({ state: "signed-out", problem: explainSignIn(toApiError(error)) });
    }
  };
  const signOut = async (): Promise<void> => {
    try {
      await api.signOut();
      setGate({ state: "signed-out", problem: null });
    } catch (error) {
      setGate({ state: "failed", error: toApiError(error) });
    }
  };

  switch (gate.state) {
    case "opening":
      return <div class="opening" aria-busy="true" />;
    case "signed-out":
      return <SignInPage problem={gate.problem} onSignIn={signIn} />;
    case "failed":
      return (
        <main class="failed">
          <Trouble error={gate.error} onRetry={open} />
        </main>
      );
    case "open":
      return (
        <SessionContext.Provider value={session}>
          <SitePage siteList={gate.siteList} onSignOut={signOut} />
        </SessionContext.Provider>
      );
  }
}

async function readGate(api: ApiClient, token: string | null): Promise<Gate> {
  const problem = token === null ? null : await redeem(api, token);
  try {
    return { state: "open", siteList: await api.listSites() };
  } catch (thrown) {
    const error = toApiError(thrown);
    return error.code === "key_required" ? { state: "signed-out", problem } : { state: "failed", error };
  }
}

/** Signs in with the link's token; a used link does no harm to whoever is signed in already. */
async function redeem(api: ApiClient, token: string): Promise<string | null> {
  try {
    await api.signIn({ token });
    return null;
  } catch (error) {
    const { code, message } = toApiError(error);
    return code === "key_required"
      ? "This link was used before or is older than 10 minutes. Sign in with a key or with a new link."
      : message;
  }
}

function explainSignIn({ code, message }: ApiError): string {
  return code === "key_required" ? "This key is not known, or has expired." : message;
}
