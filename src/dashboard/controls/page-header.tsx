/** The head of the page: which site, how many visitors now, theme, keys, sign-out. */
import type { JSX } from "preact";
import type { Theme } from "../state/theme.ts";
import { Icon, Mark } from "./icons.tsx";
import { NowCounter } from "./now-counter.tsx";
import { SiteMenu } from "./site-menu.tsx";
import { ThemeSwitch } from "./theme-switch.tsx";

type PageHeaderProps = {
  readonly sites: readonly { readonly name: string }[];
  readonly site: string;
  readonly theme: Theme;
  readonly onSite: (site: string) => void;
  readonly onTheme: (theme: Theme) => void;
  readonly onKeys: () => void;
  readonly onSignOut: () => void;
};

export function PageHeader(props: PageHeaderProps): JSX.Element {
  return (
    <header class="page-header">
      <div class="page-header-who">
        <Mark />
        <SiteMenu sites={props.sites} site={props.site} onChoose={props.onSite} />
      </div>
      <NowCounter key={props.site} site={props.site} />
      <div class="page-header-controls">
        <ThemeSwitch theme={props.theme} onChange={props.onTheme} />
        <button
          type="button"
          class="button button-icon keys-button"
          aria-label="Keys"
          title="Keys (?)"
          onClick={props.onKeys}
        >
          <Icon name="keyboard" />
        </button>
        <button
          type="button"
          class="button button-icon"
          aria-label="Sign out"
          title="Sign out"
          onClick={props.onSignOut}
        >
          <Icon name="signOut" />
        </button>
      </div>
    </header>
  );
}
