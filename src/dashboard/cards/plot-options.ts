/** How the plot looks: scales, axes, lines and colours for uPlot. Colours come from the style sheet, by name. */
import type uPlot from "uplot";
import type { PlotColumns } from "./graph-points.ts";

/** Colours of the plot, resolved for the theme in force; a canvas knows no custom properties. */
export type PlotColours = {
  readonly line: string;
  readonly fillTop: string;
  readonly fillBottom: string;
  readonly band: string;
  readonly previous: string;
  readonly grid: string;
  readonly text: string;
  readonly surface: string;
};

type PlotLook = {
  readonly formatX: (index: number) => string;
  readonly formatY: (value: number) => string;
  readonly isWhole: boolean;
  readonly size: { readonly width: number; readonly height: number };
  readonly colours: PlotColours;
};

/** Steps between labels of the x axis, in buckets: what fits is rounded up to one that reads well. */
const X_STEPS = [1, 2, 3, 4, 6, 7, 8, 12, 14, 21, 28, 56, 84];
const LABEL_WIDTH = 76;
const DIGIT_WIDTH = 7.5;
const WHOLE_STEPS = [1, 2, 5].flatMap((digit) => Array.from({ length: 12 }, (_, power) => digit * 10 ** power));
const FONT = "12px system-ui, sans-serif";

/** Reads the colours that the style sheet gives an element. */
export function readPlotColours(element: HTMLElement): PlotColours {
  const probe = element.appendChild(document.createElement("span"));
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    line: read("accent"),
    fillTop: read("plot-fill"),
    fillBottom: read("plot-fill-end"),
    band: read("plot-band"),
    previous: read("plot-previous"),
    grid: read("plot-grid"),
    text: read("text-quiet"),
    surface: read("surface"),
  };
  probe.remove();
  return colours;
}

/** Makes the options of a plot whose series are: period before, low, high, complete, incomplete. */
export function makePlotOptions(columns: PlotColumns, look: PlotLook): uPlot.Options {
  const { colours } = look;
  const last = columns.x.length - 1;
  return {
    ...look.size,
    padding: [12, 22, 0, 4],
    legend: { show: false },
    cursor: makeCursor(colours),
    scales: {
      x: { time: false, range: () => (last > 0 ? [0, last] : [-1, 1]) },
      y: { range: (_, __, highest) => [0, topOf(highest, look.isWhole)] },
    },
    axes: [makeXAxis(last, look), makeYAxis(look)],
    series: [{}, ...makeLines(colours)],
    bands: [{ series: [3, 2], fill: colours.band }],
  };
}

/** The cursor stands on the nearest bucket, not between two. */
function makeCursor(colours: PlotColours): uPlot.Cursor {
  const dotColours = ["", colours.previous, "transparent", "transparent", colours.line, colours.line];
  return {
    y: false,
    drag: { x: false, y: false },
    move: (plot, left, top) => (left < 0 ? [left, top] : [plot.valToPos(plot.posToIdx(left), "x"), top]),
    points: { size: 9, width: 2, stroke: colours.surface, fill: (_, series) => dotColours[series] ?? "transparent" },
  };
}

function topOf(highest: number | null, isWhole: boolean): number {
  const top = (highest ?? 0) * 1.08;
  return isWhole ? Math.max(top, 4) : Math.max(top, 0.01);
}

function makeLines(colours: PlotColours): uPlot.Series[] {
  const lone: uPlot.Series.Points = { show: true, size: 6, stroke: colours.line, fill: colours.line, filter: pickLone };
  const hidden: uPlot.Series = { stroke: "transparent", points: { show: false } };
  const fill = (plot: uPlot): CanvasGradient => {
    const gradient = plot.ctx.createLinearGradient(0, plot.bbox.top, 0, plot.bbox.top + plot.bbox.height);
    gradient.addColorStop(0, colours.fillTop);
    gradient.addColorStop(1, colours.fillBottom);
    return gradient;
  };
  return [
    { stroke: colours.previous, width: 1.5, points: { show: false } },
    hidden,
    hidden,
    { stroke: colours.line, width: 2, fill, points: lone },
    { stroke: colours.line, width: 2, dash: [4, 5], fill, points: lone },
  ];
}

/** Picks the values that have no neighbour to draw a line to, and would be unseen without a dot. */
function pickLone(plot: uPlot, seriesIndex: number): number[] {
  const values = plot.data[seriesIndex] ?? [];
  const isKnown = (index: number): boolean => values[index] !== null && values[index] !== undefined;
  return Array.from(values, (_, index) => index).filter(
    (index) => isKnown(index) && !isKnown(index - 1) && !isKnown(index + 1),
  );
}

function makeXAxis(last: number, { formatX, colours }: PlotLook): uPlot.Axis {
  const splits = (plot: uPlot): number[] => {
    const room = Math.max(1, Math.floor(plot.width / LABEL_WIDTH));
    const step = X_STEPS.find((each) => last / each < room) ?? Math.ceil(last / room);
    return Array.from({ length: Math.floor(last / step) + 1 }, (_, index) => index * step);
  };
  return {
    splits,
    values: (_, indexes) => indexes.map(formatX),
    grid: { show: false },
    ticks: { show: false },
    stroke: colours.text,
    font: FONT,
    gap: 8,
    size: 34,
  };
}

function makeYAxis({ formatY, isWhole, colours }: PlotLook): uPlot.Axis {
  return {
    values: (_, values) => values.map(formatY),
    ...(isWhole ? { incrs: WHOLE_STEPS.toSorted((one, other) => one - other) } : {}),
    space: 44,
    // As wide as the widest label, so that the plot begins where the text above it does.
    size: (_, labels) => Math.max(20, ...(labels ?? []).map((label) => label.length * DIGIT_WIDTH)) + 14,
    gap: 8,
    grid: { stroke: colours.grid, width: 1 },
    ticks: { show: false },
    border: { show: false },
    stroke: colours.text,
    font: FONT,
  };
}
