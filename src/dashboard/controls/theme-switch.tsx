/** Switches between the system's theme, light and dark. */
import type { JSX } from "preact";
import { applyTheme, nextTheme, type Theme } from "../state/theme.ts";
import { Icon } from "./icons.tsx";

const NAMES: Readonly<Record<Theme, string>> = { auto: "as the system", light: "light", dark: "dark" };

type ThemeSwitchProps = { readonly theme: Theme; readonly onChange: (theme: Theme) => void };

export function ThemeSwitch({ theme, onChange }: ThemeSwitchProps): JSX.Element {
  const label = `Theme: ${NAMES[theme]}. Change to ${NAMES[nextTheme(theme)]}`;
  const change = (): void => {
    applyTheme(nextTheme(theme));
    onChange(nextTheme(theme));
  };
  return (
    <button type="button" class="button button-icon" aria-label={label} title={label} onClick={change}>
      <Icon name={theme} />
    </button>
  );
}
