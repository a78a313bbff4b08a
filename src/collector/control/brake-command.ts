/** The `brake` command of `collector.sock`: how `passerby brake` asks the running collector for a change. */
import { Compile } from "typebox/compile";
import { NOTE_SCHEMA } from "../../change-note.ts";
import { PasserbyError } from "../../errors.ts";
import type { Command, Json } from "../../log/owner/control-channel.ts";
import type { BrakeChange, KeptControl } from "./control-file.ts";

/** What the command is called on the channel. */
export const BRAKE_COMMAND = "brake";

const changeSchema = Compile({
  type: "object",
  required: ["position", "targets", "site", "for_ms", "who"],
  additionalProperties: false,
  properties: {
    position: {
      anyOf: [
        { type: "string", enum: ["on", "off"] },
        { type: "number", minimum: 0, maximum: 1 },
      ],
    },
    targets: { type: "array", minItems: 1, maxItems: 2, items: { type: "string", enum: ["collector", "tracker"] } },
    site: { anyOf: [{ type: "string" }, { type: "null" }] },
    for_ms: { anyOf: [{ type: "integer", minimum: 1, maximum: 1e12 }, { type: "null" }] },
    who: NOTE_SCHEMA.properties.who,
    why: NOTE_SCHEMA.properties.why,
  },
} as const);

/** Writes a change as the command's arguments. */
export function writeBrakeChange({ position, targets, site, forMs, who, why }: BrakeChange): Json {
  // A collector of an older version, which must be stopped as well, knows no reasons.
  return { position, targets, site, for_ms: forMs, who, ...(why !== null && { why }) };
}

/** Makes the command; it answers when the change is on disk and in force, and waits for a control that is not open yet. */
export function answerBrake(control: Promise<KeptControl>): Command {
  return async (args) => {
    if (!changeSchema.Check(args)) {
      throw new PasserbyError("invalid_request", "this is no change of the brake: passerby brake --help names them");
    }
    const { for_ms: forMs, why = null, ...same } = args;
    (await control).change({ ...same, forMs, why });
    return null;
  };
}
