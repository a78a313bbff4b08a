/** What the tracker reports by itself, in words for visitors: when, what it says, and which script has to be loaded for it. */
import type { AUTOMATIC_EVENTS } from "../event.ts";

/** Scripts that a site may load beside the core. */
export const SCRIPT_NAMES = ["auto", "vitals", "errors", "dev"] as const;
export type ScriptName = (typeof SCRIPT_NAMES)[number];

type AutomaticEvent = (typeof AUTOMATIC_EVENTS)[number];
type Words = { readonly script: ScriptName | "core"; readonly when: string; readonly says: string };

/** Each automatic event has an entry, which the type sees to. */
const WORDS: Readonly<Record<AutomaticEvent, Words>> = {
  page_view: { script: "core", when: "You open a page", says: "Its path" },
  link_click: {
    script: "auto",
    when: "You follow a link to another site",
    says: "Its address without the query, and its text",
  },
  download: { script: "auto", when: "You open a file", says: "Its address without the query, and its kind" },
  form_submit: { script: "auto", when: "You send a form", says: "The name of the form, nothing of what is in it" },
  scroll_depth: {
    script: "auto",
    when: "You leave a page of which you have seen a quarter or more",
    says: "25, 50, 75 or 90 percent",
  },
  engagement: {
    script: "auto",
    when: "You leave a page that you had in front of you for a second or longer",
    says: "For how long",
  },
  search: { script: "auto", when: "You search on this site", says: "The words that you searched for" },
  not_found: { script: "auto", when: "There is no page at an address", says: "Nothing else" },
  web_vital: { script: "vitals", when: "You open a page", says: "How fast it loaded and answered" },
  js_error: {
    script: "errors",
    when: "A script of the page fails",
    says: "The message and the place in the script; queries, e-mail addresses and long secret words are blacked out",
  },
  dev_mode_enabled: { script: "dev", when: "You add ?dev=1 to an address here", says: "Only that" },
  dev_mode_disabled: { script: "dev", when: "You add ?dev=0 to an address here", says: "Only that" },
};

/** The automatic events in the order in which a notice lists them. */
export const AUTOMATIC_EVENT_WORDS: readonly (Words & { readonly name: string })[] = Object.entries(WORDS).map(
  ([name, words]) => ({ name, ...words }),
);
