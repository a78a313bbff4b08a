/** Draws a terrain as SVG that takes its colours from the style sheet, so that a map follows light and dark. */
import { type ContourFinder, type Point, simplifyLine, surveyTerrain } from "./contours.ts";
import { HARROW_FELL, heightAt, SKETCHES } from "./terrain.ts";

const INTERVAL_M = 20;
const INDEX_INTERVAL_M = 100;
const GRID_PX = 180;
/** A third of the thinnest line: nobody sees the difference, and a page weighs a third. */
const TOLERANCE_PX = 0.3;
const LAKE = { x: 1130, y: 520, levelM: 136 };
const SUMMIT = { x: 872, y: 246 };

/** The footpath from the village to the summit and round by the lake, as bends. */
const PATH =
  "M500 730 C540 650 640 640 640 560 S560 470 610 420 S720 420 730 370 S770 300 872 246 C940 240 980 250 1010 300 S960 380 990 440 S1000 640 1110 640 S1290 600 1450 560";
const STREAM = "M1092 560 C1050 590 1010 540 940 580 S830 610 790 650 S700 690 670 740";

/** Draws the map of the home page. Its layers have the classes `contours`, `water` and `paths`. */
export function drawHarrowFell(): string {
  const { widthPx, heightPx } = HARROW_FELL;
  const findContours = surveyTerrain(HARROW_FELL);
  return `<svg class="map" viewBox="0 0 ${widthPx} ${heightPx}" preserveAspectRatio="xMaxYMid slice" role="img"
aria-label="Contour map of Harrow Fell with Loweth Water and the path between them">
${drawGrid(widthPx, heightPx)}
<g class="contours">${drawContours(findContours)}${drawHeights(findContours)}</g>
<g class="water"><path class="stream" d="${STREAM}"/>${drawLake(findContours)}
<text class="water-name" x="1132" y="526">Loweth Water</text></g>
<g class="paths"><path class="footpath" d="${PATH}"/></g>
<g class="places"><path class="summit" d="M${SUMMIT.x} ${SUMMIT.y - 11}l10 17h-20z"/>
<text x="${SUMMIT.x + 18}" y="${SUMMIT.y - 4}">Harrow Fell</text>
<text class="height" x="${SUMMIT.x + 18}" y="${SUMMIT.y + 14}">${Math.round(heightAt(HARROW_FELL, SUMMIT.x, SUMMIT.y))}</text>
<text x="1120" y="150">Skarn Edge</text><text x="850" y="560">Low Moss</text></g>
</svg>`;
}

/** Draws one of the small pictures; undefined when there is none of that name. */
export function drawSketch(name: string): string | undefined {
  const terrain = SKETCHES[name];
  if (!terrain) return undefined;
  return `<svg class="sketch" viewBox="0 0 ${terrain.widthPx} ${terrain.heightPx}" aria-hidden="true"
preserveAspectRatio="xMidYMid slice"><g class="contours">${drawContours(surveyTerrain(terrain))}</g></svg>`;
}

function drawContours(findContours: ContourFinder): string {
  const lines: string[] = [];
  for (let levelM = 0; levelM < 900; levelM += INTERVAL_M) {
    const loops = findContours(levelM);
    const kind = levelM % INDEX_INTERVAL_M === 0 ? "contour index" : "contour";
    if (loops.length > 0) lines.push(`<path class="${kind}" d="${loops.map(writeLoop).join("")}"/>`);
  }
  return lines.join("\n");
}

/** Writes the height into each index contour, upright and along the line, at its point farthest to the south-west. */
function drawHeights(findContours: ContourFinder): string {
  const labels: string[] = [];
  for (let levelM = 200; levelM < 900; levelM += INDEX_INTERVAL_M) {
    for (const loop of findContours(levelM).filter(({ length }) => length > 60)) {
      const inside = loop.filter(([x, y]) => x > 480 && x < 1400 && y > 40 && y < 680);
      const at = inside.reduce<Point | undefined>((best, point) => {
        return best === undefined || point[1] - point[0] > best[1] - best[0] ? point : best;
      }, undefined);
      if (!at) continue;
      const index = loop.indexOf(at);
      const [before = at, after = at] = [loop.at(index - 2), loop[(index + 2) % loop.length]];
      const angle = (Math.atan2(after[1] - before[1], after[0] - before[0]) * 180) / Math.PI;
      const upright = ((angle + 270) % 180) - 90;
      const [x, y] = at.map((value) => value.toFixed(0));
      labels.push(
        `<text class="contour-height" transform="translate(${x} ${y}) rotate(${upright.toFixed(0)})">${levelM}</text>`,
      );
    }
  }
  return labels.join("");
}

function drawLake(findContours: ContourFinder): string {
  const shore = findContours(LAKE.levelM).find((loop) => {
    const xs = loop.map(([x]) => x);
    return Math.min(...xs) < LAKE.x && Math.max(...xs) > LAKE.x && loop.every(([, y]) => Math.abs(y - LAKE.y) < 160);
  });
  return shore ? `<path class="lake" d="${writeLoop(shore)}"/>` : "";
}

function drawGrid(widthPx: number, heightPx: number): string {
  const lines: string[] = [];
  for (let x = GRID_PX / 2; x < widthPx; x += GRID_PX) lines.push(`M${x} 0V${heightPx}`);
  for (let y = GRID_PX / 2; y < heightPx; y += GRID_PX) lines.push(`M0 ${y}H${widthPx}`);
  return `<path class="grid" d="${lines.join("")}"/>`;
}

/** Writes a loop as an SVG path of whole tenths relative to the point before, which is the shortest. */
function writeLoop(loop: readonly Point[]): string {
  let [x, y] = [0, 0];
  const steps = simplifyLine(loop, TOLERANCE_PX).map(([toX, toY]) => {
    const step = [Math.round(toX * 10) - x, Math.round(toY * 10) - y] as const;
    [x, y] = [x + step[0], y + step[1]];
    return `${step[0] / 10} ${step[1] / 10}`;
  });
  return `M${steps.join("l").replaceAll(" -", "-")}z`;
}
