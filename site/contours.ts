/**
 * Contour lines of a terrain, by marching squares: each small square of the grid is crossed by at most two pieces of a
 * line, and the pieces are joined into loops. Beyond the edge the land is taken to be below everything, so that every
 * line closes and can be filled.
 */
import { heightAt, type Terrain } from "./terrain.ts";

/** A point as x and y in pixels. */
export type Point = readonly [x: number, y: number];

/** Returns the closed lines on which the land has a height in metres, with the higher land on their right. */
export type ContourFinder = (levelM: number) => readonly (readonly Point[])[];

const CELL_PX = 8;
const BELOW_EVERYTHING_M = -1000;
/** A smaller loop is a crumb on the map. */
const MIN_POINTS = 16;

/** Surveys a terrain once, for any number of levels. */
export function surveyTerrain(terrain: Terrain): ContourFinder {
  const columns = Math.ceil(terrain.widthPx / CELL_PX);
  const rows = Math.ceil(terrain.heightPx / CELL_PX);
  const heights = Array.from({ length: rows + 1 }, (_row, row) =>
    Array.from({ length: columns + 1 }, (_column, column) => heightAt(terrain, column * CELL_PX, row * CELL_PX)),
  );
  return (levelM) => {
    const above = (column: number, row: number): number => (heights[row]?.[column] ?? BELOW_EVERYTHING_M) - levelM;
    const next = new Map<string, Point>();
    for (let row = -1; row <= rows; row += 1) {
      for (let column = -1; column <= columns; column += 1) {
        for (const [from, to] of crossSquare(above, column, row)) next.set(keyOf(from), to);
      }
    }
    return joinLoops(next);
  };
}

/** Returns the pieces of the line within a square; `above` is the height of a corner over the line's. */
function crossSquare(
  above: (column: number, row: number) => number,
  column: number,
  row: number,
): readonly (readonly [Point, Point])[] {
  const corners: readonly Point[] = [
    [column, row],
    [column + 1, row],
    [column + 1, row + 1],
    [column, row + 1],
  ];
  const entries: Point[] = [];
  const exits: Point[] = [];
  for (const [index, from] of corners.entries()) {
    const to = corners[(index + 1) % 4] ?? from;
    const [a, b] = [above(...from), above(...to)];
    if (a >= 0 === b >= 0) continue;
    const share = a / (a - b);
    const point: Point = [
      (from[0] + (to[0] - from[0]) * share) * CELL_PX,
      (from[1] + (to[1] - from[1]) * share) * CELL_PX,
    ];
    (a >= 0 ? exits : entries).push(point);
  }
  return entries.flatMap((entry, index) => {
    const exit = exits[index];
    return exit ? [[entry, exit] as const] : [];
  });
}

function joinLoops(next: Map<string, Point>): readonly (readonly Point[])[] {
  const loops: Point[][] = [];
  for (const start of [...next.keys()]) {
    const loop: Point[] = [];
    let key = start;
    for (let point = next.get(key); point; point = next.get(key)) {
      loop.push(point);
      next.delete(key);
      key = keyOf(point);
    }
    if (loop.length > MIN_POINTS) loops.push(loop);
  }
  return loops;
}

function keyOf([x, y]: Point): string {
  return `${x.toFixed(3)},${y.toFixed(3)}`;
}

/** Leaves out points of a line that are nearer than `tolerancePx` to the line without them (Douglas and Peucker, 1973). */
export function simplifyLine(line: readonly Point[], tolerancePx: number): readonly Point[] {
  const [first, last] = [line[0], line.at(-1)];
  if (!first || !last || line.length < 3) return line;
  let farthest = { index: 0, distance: tolerancePx };
  for (let index = 1; index < line.length - 1; index += 1) {
    const distance = distanceToSegment(line[index] ?? first, first, last);
    if (distance > farthest.distance) farthest = { index, distance };
  }
  if (farthest.index === 0) return [first, last];
  const before = simplifyLine(line.slice(0, farthest.index + 1), tolerancePx);
  return [...before.slice(0, -1), ...simplifyLine(line.slice(farthest.index), tolerancePx)];
}

function distanceToSegment([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1);
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(x - ax - share * dx, y - ay - share * dy);
}
