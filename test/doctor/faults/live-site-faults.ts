/** Faults of the site: of what is built into its pages, of its footer and of its privacy page. */

import { DOMAIN } from "../good-deployment.ts";
import type { PassingAnswer } from "../live/answer-gate.ts";
import { ENV, type LiveFault } from "../live/live-deployment.ts";

const PRIVACY_LINK = '<a href="/privacy.html" data-nav>Privacy</a>';
const META = `<meta name="passerby-api" content="https://${DOMAIN}">`;
const MODULE = /<script type="module"[^>]*><\/script>/;

/** Replaces a text in a page; throws where it is not there. */
function rewrite(path: string, from: string | RegExp, to: string): (answer: PassingAnswer) => void {
  return (answer) => {
    if (answer.path !== path) return;
    const before = answer.body.toString();
    const after = before.replaceAll(typeof from === "string" ? from : new RegExp(from, `${from.flags}g`), to);
    if (after === before) throw new Error(`${path} has no ${from}`);
    answer.body = Buffer.from(after);
  };
}

/** A page with the tag of the tracker in place of what the demo site is built with. */
function tag(attributes: string): (answer: PassingAnswer) => void {
  const [script, meta] = [rewrite("/", MODULE, `<script defer ${attributes}></script>`), rewrite("/", META, "")];
  return (answer) => {
    script(answer);
    meta(answer);
  };
}

export const BUNDLE_FAULTS: readonly LiveFault[] = [
  {
    name: "the pages send to the machine of a developer",
    change: { page: rewrite("/", META, '<meta name="passerby-api" content="http://localhost:8001">') },
    finds: "environment.bundle-address",
    names: /http:\/\/localhost:8001 https:\/\/example\.com\//,
  },
  {
    name: "the pages send by plain HTTP",
    change: { page: rewrite("/", META, META.replace("https:", "http:")) },
    finds: "environment.bundle-address",
    names: /http:\/\/metrics\.example\.com/,
  },
  {
    name: "the pages send to a host whose name only begins like the collector's",
    isMore: true,
    change: { page: rewrite("/", META, META.replace(DOMAIN, `${DOMAIN}.evil.example`)) },
    finds: "environment.bundle-address",
    names: /none names https:\/\/metrics\.example\.com/,
  },
  {
    name: "the pages have no tracker",
    change: {
      page: (answer) => {
        rewrite("/", MODULE, "")(answer);
        rewrite("/", META, "")(answer);
      },
    },
    finds: "environment.bundle-address",
    names: /scripts read 0/,
  },
  {
    name: "the tag comes from another collector",
    change: { page: tag('src="https://stats.other.example/passerby.js"') },
    finds: "environment.bundle-address",
    names: /sends to https:\/\/stats\.other\.example/,
  },
  {
    name: "the tag sends to another collector",
    isMore: true,
    change: { page: tag(`src="https://${DOMAIN}/passerby-full.js" data-api="http://127.0.0.1:8001"`) },
    finds: "environment.bundle-address",
    names: /sends to http:\/\/127\.0\.0\.1:8001/,
  },
  {
    name: "an address of a developer's machine is left in a page",
    change: { page: rewrite("/", "</head>", '<script>fetch("http://localhost:5173/x")</script></head>') },
    finds: "environment.bundle-not-local",
    names: /http:\/\/localhost:5173/,
  },
  {
    name: "the tag counts nobody",
    change: { page: tag(`src="https://${DOMAIN}/passerby-full.js" data-sample-rate="0"`) },
    finds: "environment.tracker-rate",
    names: /rate of the pages 0 /,
  },
  {
    name: "the tag has a rate that is no number",
    isMore: true,
    change: { page: tag(`src="https://${DOMAIN}/passerby-full.js" data-sample-rate="0,25"`) },
    finds: "environment.tracker-rate",
    names: /rate of the pages 0,25/,
  },
  {
    name: "a brake silences the trackers",
    change: {
      answer: (answer) => {
        if (answer.path === "/api/metrics/config") answer.body = Buffer.from('{"enabled":false,"sample_rate":null}');
      },
    },
    finds: "environment.tracker-rate",
    names: /"enabled":false/,
  },
];

export const PRIVACY_FAULTS: readonly LiveFault[] = [
  {
    name: "the first page has no link to the privacy page",
    change: { page: rewrite("/", PRIVACY_LINK, "") },
    finds: "privacy.footer-link",
    names: /link to the privacy page \(none\)/,
  },
  {
    name: "the link to the privacy page is not in a footer",
    isMore: true,
    change: { page: rewrite("/", /<(\/?)footer[^>]*>/, "<$1div>") },
    finds: "privacy.footer-link",
    names: /not in a footer/,
  },
  {
    name: "the link to the privacy page leads nowhere",
    change: { page: rewrite("/", "/privacy.html", "/privacy-policy.html") },
    finds: "privacy.page-found",
    names: /status 404 GET https:\/\/example\.com\/privacy-policy\.html/,
  },
  {
    name: "there is no privacy page",
    isMore: true,
    change: {
      page: (answer) => {
        if (answer.path === "/privacy.html") answer.status = 404;
      },
    },
    finds: "privacy.page-found",
    names: /status 404/,
  },
  {
    name: "events are kept for longer than the page says",
    change: { files: ({ patch }) => patch(ENV, "METRICS_RETENTION_DAYS=30", "METRICS_RETENTION_DAYS=90") },
    finds: "privacy.page-retention",
    names: /Kept for 30 days .*METRICS_RETENTION_DAYS 90 .*\.env:\d+/,
  },
  {
    name: "the page says nothing of how long events are kept",
    isMore: true,
    change: { page: rewrite("/privacy.html", /\b30 days/, "a while") },
    finds: "privacy.page-retention",
    names: /no sentence that we know of/,
  },
  {
    name: "the page says nothing of visitor ids",
    change: { page: rewrite("/privacy.html", /anonymous|visitor[ _]id|random/i, "some") },
    finds: "privacy.page-visitor-ids",
    names: /anonymous visitor ids/,
  },
  {
    name: "the page says nothing of cookies",
    isMore: true,
    change: { page: rewrite("/privacy.html", /cookies/, "biscuits") },
    finds: "privacy.page-no-cookies",
    names: /no tracking cookies/,
  },
  {
    name: "the page says nothing of personal data",
    isMore: true,
    change: { page: rewrite("/privacy.html", /personal data|who you are|identif\w+/i, "things") },
    finds: "privacy.page-no-personal-data",
    names: /no personal data/,
  },
  {
    name: "the page does not say how to say no",
    isMore: true,
    change: { page: rewrite("/privacy.html", /Global Privacy Control|Do Not Track/, "a wish") },
    finds: "privacy.page-opt-out",
    names: /how to say no/,
  },
  {
    name: "the page names nobody to write to",
    isMore: true,
    change: { page: rewrite("/privacy.html", /responsible/, "here") },
    finds: "privacy.page-contact",
    names: /whom to write to/,
  },
  {
    name: "fewer visitors are counted than the page says",
    change: { page: tag(`src="https://${DOMAIN}/passerby-full.js" data-sample-rate="0.25"`) },
    finds: "privacy.page-sampling",
    names: /All visitors are counted .*0\.25 of the pages/,
  },
  {
    name: "the page names another share of visitors",
    isMore: true,
    change: {
      page: rewrite(
        "/privacy.html",
        "All visitors are counted but those who say no.",
        "Only 25% of visitors are counted.",
      ),
    },
    finds: "privacy.page-sampling",
    names: /Only 25% of visitors/,
  },
  {
    name: "an event is collected that the page does not name",
    change: {
      answer: (answer) => {
        if (!answer.path.startsWith("/api/metrics/behavior")) return;
        answer.body = Buffer.from(
          answer.body.toString().replace('"by_event":[', '"by_event":[{"event":"download","count":1},'),
        );
      },
    },
    finds: "privacy.page-events",
    names: /download/,
  },
  {
    name: "user agents are kept and the page does not say so",
    change: {
      files: ({ patch }) => patch(ENV, "SNAPSHOT_ACCESS=", "METRICS_KEEP_USER_AGENT=true\nSNAPSHOT_ACCESS="),
    },
    finds: "privacy.page-fields",
    names: /METRICS_KEEP_USER_AGENT on, .*\.env:\d+/,
  },
  {
    name: "an id is kept in the browser and the page denies it",
    change: {
      page: rewrite(
        "/",
        "</head>",
        `<script defer src="https://${DOMAIN}/passerby-identity.js" data-mode="persistent"></script></head>`,
      ),
    },
    finds: "privacy.page-identity",
    names: /persistent .*Your browser keeps no number/,
  },
  {
    name: "browsers that ask for privacy are counted and the page denies it",
    isMore: true,
    change: {
      files: ({ patch }) => patch(ENV, "SNAPSHOT_ACCESS=", "METRICS_PRIVACY_SIGNALS=ignore\nSNAPSHOT_ACCESS="),
    },
    finds: "privacy.page-signals",
    names: /METRICS_PRIVACY_SIGNALS ignore/,
  },
];

/** Seen by a browser only. */
export const OVERLAY_FAULTS: readonly LiveFault[] = [
  {
    name: "the overlay is not loaded with ?dev=1",
    change: {
      page: (answer) => {
        if (answer.path.includes("/overlay-")) answer.status = 404;
      },
    },
    finds: "after-deployment.panel-shows",
    names: /panel \(none\)/,
  },
  {
    name: "the page has no badge",
    change: { page: rewrite("/?dev=1", /<passerby-badge><\/passerby-badge>/, "") },
    finds: "after-deployment.badge-shows",
    names: /badge \(none\)/,
  },
  {
    name: "the overlay is shown to everybody",
    change: {
      page: (answer) => {
        rewrite("/", "</head>", `<script defer src="https://${DOMAIN}/passerby-overlay.js"></script></head>`)(answer);
        answer.headers.delete("content-security-policy");
      },
    },
    finds: "after-deployment.overlay-hidden",
    names: /shown/,
  },
];
