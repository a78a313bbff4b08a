/** Holds that the demo site's maps are maps: each contour line closes and lies at its height. */
import { expect, test } from "vitest";
import { type Point, simplifyLine, surveyTerrain } from "../site/contours.ts";
import { drawHarrowFell } from "../site/map-drawing.ts";
import { HARROW_FELL, heightAt } from "../site/terrain.ts";

const findContours = surveyTerrain(HARROW_FELL);

test.for([200, 300, 400, 500, 600])("draws closed lines along %i m", (levelM) => {
  const loops = findContours(levelM);
  expect(loops.length).toBeGreaterThan(0);
  for (const loop of loops) {
    const inside = loop.filter(([x, y]) => x > 0 && y > 0 && x < HARROW_FELL.widthPx && y < HARROW_FELL.heightPx);
    // Heights between the corners of a square are taken to be even; over 8 px that is right to a metre or so.
    for (const [x, y] of inside) expect(Math.abs(heightAt(HARROW_FELL, x, y) - levelM)).toBeLessThan(2);
    const [first, last] = [loop[0], loop.at(-1)];
    expect(Math.hypot((first?.[0] ?? 0) - (last?.[0] ?? 0), (first?.[1] ?? 0) - (last?.[1] ?? 0))).toBeLessThan(12);
  }
});

test("leaves out points that nobody would miss, and keeps the ends and the bends", () => {
  const line: Point[] = [
    [0, 0],
    [5, 0.1],
    [10, 0],
    [10, 5],
    [10.1, 7],
    [10, 10],
  ];
  expect(simplifyLine(line, 0.3)).toEqual([
    [0, 0],
    [10, 0],
    [10, 10],
  ]);
});

test("draws the lake, the summit and its height, and is the same every time", () => {
  const map = drawHarrowFell();
  expect(map).toContain('class="lake" d="M');
  expect(map).toMatch(/class="height"[^>]*>6\d\d</);
  expect(drawHarrowFell()).toBe(map);
});
