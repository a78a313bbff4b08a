/** docs/guide/capacity.md: its figures are those of the reference pages, and what follows from them. */
import { describe, expect, it } from "vitest";
import { SETTINGS } from "../../src/config.ts";
import { ASSUMED, diskBytes, readConstants, readPage, samplingTable, sizeTable } from "./capacity-tables.ts";

const guide = readPage("guide/capacity.md");
const constants = readConstants();

/** The rows of the table below a heading, without its head. */
function rowsBelow(heading: string): readonly string[] {
  const section = guide.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(2);
}

/** The value that the guide gives a name in its list of constants. */
function told(name: string): number {
  const value = new RegExp(`^\\| \`${name}\` \\| ([\\d,.]+)`, "m").exec(guide)?.[1];
  return Number(value?.replaceAll(",", ""));
}

describe("the guide to capacity", () => {
  it.each([
    ["line", constants.lineBytes],
    ["packed", constants.gzipBytes],
    ["row", constants.storeBytes],
    ["rate", constants.eventsPerSecond],
    ["rebuild", constants.replayPerSecond],
    ["empty", constants.emptyMb],
    ["ids", constants.millionIdsMb - constants.emptyMb],
    ["kept", constants.retentionDays],
    ["plain", constants.gzipAfterDays],
    ["window", Number(SETTINGS.dedupWindow.fallback)],
    ["peak", ASSUMED.peakOverMean],
    ["auto", ASSUMED.eventsWithAuto],
    ["visit", ASSUMED.pageviewsOfVisitor],
  ])("names %s as it is measured, set or assumed", (name, value) => {
    expect(value).toBeGreaterThan(0);
    expect(told(name)).toBe(value);
  });

  it("has the sizes that follow", () => {
    expect(rowsBelow("How much fits")).toEqual(sizeTable(constants));
  });

  it("has what a tenth of the visitors gains and costs", () => {
    expect(rowsBelow("When to sample")).toEqual(samplingTable(constants, 0.1));
  });

  it("works out the disk as its formula says", () => {
    const { lineBytes, gzipBytes, storeBytes } = constants;
    expect(diskBytes(1000, constants)).toBeCloseTo(1000 * (3 * lineBytes + 27 * gzipBytes + 60 * storeBytes), 6);
    expect(diskBytes(1000, constants, false)).toBeCloseTo(1000 * (30 * lineBytes + 60 * storeBytes), 6);
  });
});
