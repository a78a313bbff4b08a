/** What the privacy page of the demo site has to say: the collector's settings, and how main.ts puts the tracker on the site. */
import { gatherFacts, type NoticeFacts } from "../src/notice/notice-facts.ts";
import type { Settings } from "../src/settings-shape.ts";

/** Gathers it for the default site of a collector. */
export function demoFacts(settings: Settings): NoticeFacts {
  return gatherFacts({
    settings,
    site: settings.defaultSite,
    siteName: "Fellside Maps",
    contact: "Fellside Maps, The Old Smithy, Lowbridge (a made-up shop)",
    tracker: {
      ...{ identity: "daily", outbox: "session", sampleRate: 1 },
      scripts: ["auto", "dev"],
      turnedOff: ["search", "download"],
      ownEvents: [
        { name: "plan_chosen", when: "You press an order button" },
        { name: "newsletter_signup", when: "You send the letter form; your address does not leave it" },
        { name: "layer_toggled", when: "You show or hide a layer of the map" },
      ],
    },
  });
}
