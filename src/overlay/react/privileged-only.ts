/** The component that shows its children to the people who run the site, and to nobody else. */
import { type ReactNode, useSyncExternalStore } from "react";
import { isDevMode, watchDevMode } from "../dev-mode-flag.ts";

export type PrivilegedOnlyProps = {
  readonly children?: ReactNode;
  /** Says who else may see them, such as those who are signed in as staff. It is asked as the component renders. */
  readonly when?: boolean | (() => boolean);
};

/**
 * Renders its children in dev mode, or where `when` is true. A server always leaves them out, so that its page is the
 * same for everybody. This hides, it does not protect: what is secret must not be in the children's code.
 */
export function PrivilegedOnly({ children, when = false }: PrivilegedOnlyProps): ReactNode {
  const isPrivileged = useSyncExternalStore(
    watchDevMode,
    () => isDevMode() || isTrue(when),
    () => false,
  );
  return isPrivileged ? children : null;
}

function isTrue(when: boolean | (() => boolean)): boolean {
  try {
    return typeof when === "function" ? when() : when;
  } catch {
    return false;
  }
}
