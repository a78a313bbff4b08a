/** The one-time link of the terminal carries its token in the fragment, which is sent to no server and kept in no log. */

const FRAGMENT = /^#sign-in=([\w-]+)$/;

/** Takes the token out of the address, so that it stays neither in the bar nor in the history; null without one. */
export function takeSignInToken(): string | null {
  const token = FRAGMENT.exec(location.hash)?.[1] ?? null;
  if (token !== null) history.replaceState(null, "", location.pathname + location.search);
  return token;
}
