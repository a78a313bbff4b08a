/** What is stored of an event, field by field, in words for visitors. */
import type { LogLine } from "../event.ts";

/** What has to be so for a field to be stored: an id that lasts, the user agent kept, a geo database. */
export type FieldNeed = "always" | "session" | "user_agent" | "geo";

type Words = { readonly need: FieldNeed; readonly meaning: string };

const always = (meaning: string): Words => ({ need: "always", meaning });

/** Every field that a line of the log may have has an entry, which the type sees to. */
export const FIELD_WORDS: Readonly<Record<keyof LogLine, Words>> = {
  event: always("What happened, one of the names above"),
  visitor_id: always("An anonymous id, see below"),
  session_id: { need: "session", meaning: "An anonymous id of the visit" },
  timestamp: always("When it happened"),
  received_at: always("When it arrived"),
  metadata: always("What the event says, see above"),
  url: always("The address of the page; of its query only the name of a campaign"),
  referrer: always("The page that you came from, without its query"),
  title: always("The title of the page"),
  source: always("The site or campaign that you came from"),
  channel: always("What kind that is, such as search or a social network"),
  site: always("Which of our sites it was"),
  language: always("The first language that your browser asks for"),
  browser: always("The kind of browser"),
  browser_version: always("Its version, the first number of it"),
  os: always("The operating system"),
  os_version: always("Its version"),
  device: always("Desktop, mobile, tablet or television"),
  screen: always("The size of the screen, where a program other than our script reports it"),
  country: {
    need: "geo",
    meaning: "The country, looked up on our own server from the network address, which is then forgotten",
  },
  region: { need: "geo", meaning: "The region, in the same way" },
  user_agent: { need: "user_agent", meaning: "The name that your browser gives itself, in full" },
  is_bot: always("Whether it was a robot"),
  event_id: always("A random number of the event, so that it is counted once"),
  sample_rate: always("Which share of visitors is counted by our script"),
  server_sample_rate: always("Which share of visitors is stored by our server"),
  bucket: always("Whether that was drawn for one page only"),
  clock: always("Whether the time had to be put right"),
  v: always("Technical: version of the record"),
  seq: always("Technical: number of the record"),
  writer: always("Technical: which process wrote the record"),
  start: always("Technical: which start of that process"),
};
