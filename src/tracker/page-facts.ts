/** What every event says about the page it happened on. Nothing here tells visitors apart beyond screen and language. */
import { reducePageAddress, withoutQuery } from "./address.ts";

/** The parts of an event that come from the page; what is undefined is not sent. */
export type PageFacts = {
  readonly url: string;
  readonly title: string;
  readonly screen: string;
  readonly referrer: string | undefined;
  readonly language: string | undefined;
};

/** Reads the facts of the page as it is now. Facts that the collector would refuse are left out, never the event. */
export function readPageFacts(): PageFacts {
  return {
    url: reducePageAddress(location),
    title: document.title.slice(0, 256),
    screen: `${screen.width}x${screen.height}`,
    referrer: withoutQuery(document.referrer) || undefined,
    // The part that is a BCP 47 tag, since some builds of Chromium say `en-US@posix`.
    language: navigator.language?.match(/^[a-z]{2,8}(-[a-z\d]{1,8}){0,3}/i)?.[0],
  };
}
