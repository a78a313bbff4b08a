/** All that the panel shows, put together: follows the events of the page and the collector, and draws what is new. */
import { type CollectorNews, mayAsk, watchCollector } from "../collector-view/watch-collector.ts";
import { writeCurlCommand } from "../events/curl-command.ts";
import { sendDemoEvents } from "../events/demo-events.ts";
import { followPageEvents, type PageEvents } from "../events/page-events.ts";
import { recordSteps, type StepRecorder } from "../events/step-recorder.ts";
import { textOf } from "../read-json.ts";
import { readPage } from "../visitor/read-page.ts";
import { makeCollectorSection } from "./collector-section.ts";
import { makeEventsSection } from "./events-section.ts";
import { makeElement } from "./make-element.ts";
import { makeTokenForm } from "./token-form.ts";
import { makeVisitorSection } from "./visitor-section.ts";

const POLL_MS = 5_000;
const LAST_EVENTS = 20;
/** Several events are answered at once, and their batch is in the snapshot by then. */
const SETTLE_MS = 200;

export type PanelBody = {
  readonly element: HTMLElement;
  /** Starts asking the collector; `stopAsking` ends it, while the events of the page are followed on. */
  readonly ask: () => void;
  readonly stopAsking: () => void;
  /** Lets go of the page for good. */
  readonly close: () => void;
};

/** Builds the body; it follows the events of the page from the first one that was recorded. */
export function makePanelBody(): PanelBody {
  const recorder = recordSteps();
  const events = followPageEvents();
  let news: CollectorNews = { config: undefined, snapshot: undefined };
  let watch: ReturnType<typeof watchCollector> | undefined;
  let drawing: ReturnType<typeof setTimeout> | undefined;

  const visitor = makeVisitorSection();
  const collector = makeCollectorSection(makeTokenForm(() => watch?.refresh()));
  const pageEvents = makeEventsSection({
    sendDemo: sendDemoEvents,
    clear: () => {
      events.clear();
      draw();
    },
    writeCurl: () => writeLastRequest(recorder),
  });
  const draw = (): void => {
    drawing = undefined;
    const page = readPage();
    visitor.show({ page, config: news.config, storedId: findStoredId(events, news) });
    pageEvents.show(events.list());
    collector.show({ ...news, isAsking: mayAsk() });
  };
  const onStep = (step: StepRecorder["steps"][number]): void => {
    events.apply(step);
    // Later, because the page is waiting for its own call to end.
    drawing ??= setTimeout(() => {
      draw();
      if (step.step === "answered") watch?.refresh();
    }, SETTLE_MS);
  };
  for (const step of recorder.steps) events.apply(step);
  recorder.listeners.add(onStep);
  draw();
  return {
    element: makeElement("div", { class: "body" }, visitor.element, pageEvents.element, collector.element),
    ask: () => {
      const onNews = (latest: CollectorNews): void => {
        news = latest;
        draw();
      };
      watch ??= watchCollector({ everyMs: POLL_MS, lastEvents: LAST_EVENTS, withConfig: true, onNews });
    },
    stopAsking: () => {
      watch?.stop();
      watch = undefined;
    },
    close: () => {
      watch?.stop();
      clearTimeout(drawing);
      recorder.listeners.delete(onStep);
    },
  };
}

/** The id in the newest event of this page that the collector shows whole. */
function findStoredId(events: PageEvents, { snapshot }: CollectorNews): string | undefined {
  if (snapshot === undefined || "failure" in snapshot) return undefined;
  const own = new Set(events.list().map(({ id }) => id));
  const found = snapshot.value.lastEvents.find(({ fields }) => own.has(textOf(fields["event_id"])));
  return found && textOf(found.fields["visitor_id"]);
}

function writeLastRequest({ steps }: StepRecorder): string | undefined {
  const sent = steps.findLast(({ step }) => step === "answered");
  const settings = window.passerby?.settings;
  if (sent === undefined || settings === undefined) return undefined;
  const base = new URL(settings.apiBaseUrl || "/", location.href).href.replace(/\/+$/, "");
  const address = `${base}/api/metrics/event?partial=1`;
  return writeCurlCommand({ address, body: sent.json, origin: location.origin, userAgent: navigator.userAgent });
}
