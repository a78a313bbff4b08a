/** Reads what a tag says of the outbox. */
import type { OutboxPlace } from "../options.ts";

/** Returns the place that an attribute names; `session` for anything else. */
export function readPlace(value: string | undefined): OutboxPlace {
  return value === "local" || value === "memory" ? value : "session";
}
