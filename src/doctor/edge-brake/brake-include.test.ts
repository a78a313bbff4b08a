/** The brake's file as text: what is written is read back, and nothing else is taken for it. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isReason } from "../../change-note.ts";
import { type EdgeBrake, parseInclude, printInclude } from "./brake-include.ts";

const AVAILABLE = new URL("../../../deploy/edge/passerby/available/brake.conf", import.meta.url);
const BRAKE: EdgeBrake = {
  at: "2026-11-24T12:00:00.123Z",
  who: { uid: 0, user: "root", pid: 4711 },
  why: 'a "bot" floods us; return 200; } # Grüße',
  until: "2026-11-24T14:00:00.000Z",
};

function directivesOf(text: string): string {
  return text.replaceAll(/^#.*\n/gm, "").trim();
}

describe("the brake's file", () => {
  it("without an end has the rule of available/brake.conf", () => {
    expect(directivesOf(printInclude({ ...BRAKE, until: null }))).toBe(directivesOf(readFileSync(AVAILABLE, "utf8")));
  });

  it("with an end compares the time of the event by its digits", () => {
    expect(printInclude({ ...BRAKE, until: "1970-01-01T00:02:00.000Z", why: null })).toBe(
      `# The emergency brake. \`passerby brake off --edge\` takes it away; who, when, why, until:
# {"at":"2026-11-24T12:00:00.123Z","who":{"uid":0,"user":"root","pid":4711},"why":null,"until":"1970-01-01T00:02:00.000Z"}

# $edge_posted_at (passerby/maps.conf) is the time of a POST, in seconds since 1970: below 120.
if ($edge_posted_at ~ "^(?:0|[1-9][0-9]{0,1}|1[0-1][0-9])\\.") {
    return 503;
}
`,
    );
  });

  it("is read back as it was written", () => {
    const time = fc
      .date({ min: new Date("2001-01-01"), max: new Date("2200-01-01"), noInvalidDate: true })
      .map((date) => date.toISOString());
    const second = time.map((text) => `${text.slice(0, 19)}.000Z`);
    const who = fc.record({
      uid: fc.option(fc.nat()),
      user: fc.option(fc.string({ maxLength: 60 })),
      pid: fc.nat(),
    });
    const why = fc.option(fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).filter(isReason));
    fc.assert(
      fc.property(fc.record({ at: time, who, why, until: fc.option(second) }), (brake) => {
        const text = printInclude(brake);
        expect(parseInclude(text)).toEqual(brake);
        // Whatever anybody typed, only comments and the rule stand in the file.
        expect(directivesOf(text)).toMatch(
          /^if \(\$(?:request_method = POST|edge_posted_at ~ "[^"\n]*")\) \{\n {4}return 503;\n\}$/,
        );
      }),
    );
  });

  it.each([
    ["a copy of available/brake.conf", readFileSync(AVAILABLE, "utf8")],
    ["nothing", ""],
    ["another rule", printInclude(BRAKE).replace("503", "403")],
    ["another end", printInclude(BRAKE).replace("14:00:00.000Z", "15:00:00.000Z")],
    ["a line more", `${printInclude(BRAKE)}\n`],
    ["facts that are no facts", printInclude(BRAKE).replace(/^# \{.*$/m, "# {}")],
    ["a time that is none", printInclude(BRAKE).replace("12:00:00.123Z", "25:00:00.123Z")],
    ["a reason with a bell", printInclude({ ...BRAKE, why: "\u0007" })],
  ])("is somebody else's where it holds %s", (_, text) => {
    expect(parseInclude(text)).toBeUndefined();
  });
});
