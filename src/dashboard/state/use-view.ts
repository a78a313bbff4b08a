/** The view of the page as a hook: read from the address, written to it, so that links, reload, Back and Forward work. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { formatView, parseView, type View } from "./view.ts";

/** Changes some parts of the view, and makes a step that Back undoes. */
export type Navigate = (changes: Partial<View>) => void;

export function useView(): readonly [View, Navigate] {
  const [view, setView] = useState(() => parseView(location.search));
  useEffect(() => {
    const onPopState = (): void => setView(parseView(location.search));
    addEventListener("popstate", onPopState);
    return () => removeEventListener("popstate", onPopState);
  }, []);
  const navigate = useCallback<Navigate>((changes) => {
    const next = { ...parseView(location.search), ...changes };
    history.pushState(null, "", `${location.pathname}${formatView(next)}`);
    setView(next);
  }, []);
  return [view, navigate];
}
