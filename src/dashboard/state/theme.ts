/** Light, dark or as the system has it; kept in this browser, and the only thing that is. */

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const STORAGE_KEY = "passerby-theme";

/** Reads the chosen theme; `auto` where nothing was chosen or storage is denied. */
export function readTheme(): Theme {
  try {
    const kept = localStorage.getItem(STORAGE_KEY);
    return THEMES.find((theme) => theme === kept) ?? "auto";
  } catch {
    return "auto";
  }
}

/** Shows a theme, and keeps it where storage is allowed. */
export function applyTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  try {
    if (theme === "auto") localStorage.removeItem(STORAGE_KEY);
    else localStorage.setItem(STORAGE_KEY, theme);
  } catch {
    // Storage is denied: the choice lasts until the page is left, which is all that was asked of this browser.
  }
}

/** Returns the theme that a click on the switch leads to. */
export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
}
