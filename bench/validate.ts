/**
 * What does validating one event cost, by library? Answers which one event.ts is written for. Each library validates
 * the same 256-byte event against the same bounds; JSON.parse of it is the reference. Run: npm run bench -- validate
 */
import { bench, do_not_optimize, run, summary } from "mitata";
import { Compile } from "typebox/compile";
import * as v from "valibot";
import * as z from "zod";
import { eventInputSchema } from "../src/event.ts";

const event = {
  event: "page_view",
  visitor_id: "kq3vJ2mTzXw8bYd5LhRf0A",
  timestamp: "2026-11-23T12:00:00.000Z",
  metadata: { path: "/pricing" },
  event_id: "0190163d-8694-739b-aea5-966c26f8ad91",
  url: "https://example.com/pricing",
  referrer: "https://www.google.com/",
  title: "Pricing",
};
const text = JSON.stringify(event);
const { pattern } = eventInputSchema.properties.event_id;
const uuid = new RegExp(pattern);

const typebox = Compile(eventInputSchema);
const zod = z.strictObject({
  event: z.string().min(1).max(64),
  visitor_id: z.string().min(6).max(64).optional(),
  timestamp: z.string().max(40).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  event_id: z.string().regex(uuid).optional(),
  url: z.string().max(2048).optional(),
  referrer: z.string().max(2048).optional(),
  title: z.string().max(256).optional(),
});
const valibot = v.strictObject({
  event: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  visitor_id: v.optional(v.pipe(v.string(), v.minLength(6), v.maxLength(64))),
  timestamp: v.optional(v.pipe(v.string(), v.maxLength(40))),
  metadata: v.optional(v.record(v.string(), v.unknown())),
  event_id: v.optional(v.pipe(v.string(), v.regex(uuid))),
  url: v.optional(v.pipe(v.string(), v.maxLength(2048))),
  referrer: v.optional(v.pipe(v.string(), v.maxLength(2048))),
  title: v.optional(v.pipe(v.string(), v.maxLength(256))),
});

// The answers are checked before they are timed: all accept the event, and all refuse it with a field misspelt.
const misspelt = { ...event, titel: "Pricing" };
const verdicts = [
  [typebox.Check(event), zod.safeParse(event).success, v.safeParse(valibot, event).success],
  [typebox.Check(misspelt), zod.safeParse(misspelt).success, v.safeParse(valibot, misspelt).success],
];
if (JSON.stringify(verdicts) !== "[[true,true,true],[false,false,false]]") throw new Error(JSON.stringify(verdicts));

summary(() => {
  bench("JSON.parse (reference)", () => do_not_optimize(JSON.parse(text)));
  bench("typebox", () => do_not_optimize(typebox.Check(event)));
  bench("zod", () => do_not_optimize(zod.safeParse(event)));
  bench("valibot", () => do_not_optimize(v.safeParse(valibot, event)));
});

await run();
