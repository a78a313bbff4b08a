/** Tells whether the page is dark now, by choice or by the system, for what cannot be told by a style sheet. */
import { useEffect, useState } from "preact/hooks";
import type { Theme } from "./theme.ts";

export function useDark(theme: Theme): boolean {
  const [isSystemDark, setIsSystemDark] = useState(() => systemDark().matches);
  useEffect(() => {
    const query = systemDark();
    const onChange = (): void => setIsSystemDark(query.matches);
    query.addEventListener("change", onChange);
    return () => query.removeEventListener("change", onChange);
  }, []);
  return theme === "auto" ? isSystemDark : theme === "dark";
}

function systemDark(): MediaQueryList {
  return matchMedia("(prefers-color-scheme: dark)");
}
