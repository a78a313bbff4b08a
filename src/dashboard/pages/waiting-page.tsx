/** The page of a site without events: how to install, and what has arrived meanwhile, in plain words. */
import type { JSX } from "preact";
import { CopyBlock } from "../controls/copy-block.tsx";
import { describeArrivals, describeNote } from "../format/arrivals.ts";
import { packageSnippet, scriptSnippet } from "../format/snippets.ts";
import { useArrivals } from "../state/use-arrivals.ts";

type WaitingPageProps = {
  readonly site: string;
  readonly baseUrl: string;
  /** Changes whenever it is time to ask what has arrived. */
  readonly refresh: number;
};

export function WaitingPage({ site, baseUrl, refresh }: WaitingPageProps): JSX.Element {
  return (
    <div class="waiting">
      <section class="card">
        <h2>Install on {site}</h2>
        <p>Paste this into the head of every page:</p>
        <CopyBlock label="the script tag" code={scriptSnippet(baseUrl, site)} />
        <p>
          Or, with the npm package <code>passerby-tracker</code>:
        </p>
        <CopyBlock label="the npm code" code={packageSnippet(baseUrl, site)} />
        <p class="quiet">Then open a page of the site. This page turns into the dashboard at the first event.</p>
      </section>
      <ArrivalsPanel site={site} refresh={refresh} />
    </div>
  );
}

function ArrivalsPanel({ site, refresh }: Pick<WaitingPageProps, "site" | "refresh">): JSX.Element {
  const arrivals = useArrivals(site, refresh);
  return (
    <section class="card arrivals" aria-label="What has arrived">
      <h2>
        <span class="now-dot waiting-dot" aria-hidden="true" />
        Waiting for the first event
      </h2>
      <div aria-live="polite">
        {arrivals === "unknown" && <p class="quiet">The server does not answer; this page keeps asking.</p>}
        {arrivals !== "unknown" && arrivals !== null && (
          <>
            <p class="arrivals-sum">{describeArrivals(arrivals)}</p>
            <ul>
              {arrivals.notes.map((note) => (
                <li key={`${note.reason} ${note.subject}`}>{describeNote(note)}</li>
              ))}
            </ul>
            {arrivals.stored > 0 && (
              <p class="quiet">
                What is stored came from robots or is not read yet; a page view by a person is missing.
              </p>
            )}
          </>
        )}
      </div>
      {arrivals !== "unknown" && arrivals?.received === 0 && (
        <ul class="quiet checklist">
          <li>Is the script tag in the page that you opened? Look into its source.</li>
          <li>Does a content blocker stop the script? Look at the network panel of the browser.</li>
          <li>Does this browser send Global Privacy Control? Then its events never leave it.</li>
        </ul>
      )}
    </section>
  );
}
