/** The page of a site: finds out whether there is anything to show, then shows the figures or the way to the first. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { SiteList } from "../api-client.ts";
import { HealthNotice } from "../controls/health-notice.tsx";
import { PageHeader } from "../controls/page-header.tsx";
import { ShortcutList } from "../controls/shortcut-list.tsx";
import { Trouble } from "../controls/trouble.tsx";
import { readTheme } from "../state/theme.ts";
import { useSiteStart } from "../state/use-site-start.ts";
import { useTicker } from "../state/use-ticker.ts";
import { useView } from "../state/use-view.ts";
import { FiguresPage } from "./figures-page.tsx";
import { WaitingPage } from "./waiting-page.tsx";

const WAITING_REFRESH_MS = 2_000;

type SitePageProps = { readonly siteList: SiteList; readonly onSignOut: () => void };

export function SitePage({ siteList, onSignOut }: SitePageProps): JSX.Element {
  const [view, navigate] = useView();
  const [theme, setTheme] = useState(readTheme);
  const [areKeysShown, setAreKeysShown] = useState(false);
  const site = siteList.sites.find(({ name }) => name === view.site)?.name ?? siteList.default_site;

  useEffect(() => {
    document.title = `${site} · Passerby`;
  }, [site]);

  return (
    <div class="page">
      <PageHeader
        sites={siteList.sites}
        site={site}
        theme={theme}
        onSite={(name) => navigate({ site: name, range: null, filters: [] })}
        onTheme={setTheme}
        onKeys={() => setAreKeysShown(true)}
        onSignOut={onSignOut}
      />
      <main>
        <HealthNotice />
        <SiteBody
          key={site}
          site={site}
          baseUrl={siteList.base_url}
          view={view}
          navigate={navigate}
          theme={theme}
          onKeys={() => setAreKeysShown(true)}
        />
      </main>
      {areKeysShown && <ShortcutList onClose={() => setAreKeysShown(false)} />}
    </div>
  );
}

type SiteBodyProps = Omit<Parameters<typeof FiguresPage>[0], "firstRange"> & { readonly baseUrl: string };

function SiteBody({ baseUrl, ...figures }: SiteBodyProps): JSX.Element {
  const [isWaiting, setIsWaiting] = useState(false);
  const ticks = useTicker(WAITING_REFRESH_MS, isWaiting);
  const start = useSiteStart(figures.site, ticks);
  useEffect(() => setIsWaiting(start.state === "empty"), [start.state]);

  if (start.state === "failed") return <Trouble error={start.error} onRetry={start.retry} />;
  if (start.state === "looking") return <div class="card page-skeleton skeleton" aria-busy="true" />;
  if (start.state === "empty") return <WaitingPage site={figures.site} baseUrl={baseUrl} refresh={ticks} />;
  return <FiguresPage {...figures} firstRange={start.range} />;
}
