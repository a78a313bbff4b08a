/** The plot itself: a canvas drawn by uPlot in the colours of the page; it fills its box and says what is pointed at. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { PlotColumns } from "./graph-points.ts";
import { makePlotOptions, readPlotColours } from "./plot-options.ts";

/** The point under the pointer: its index and its distance from the left edge of the box, in CSS pixels. */
export type Pointed = { readonly index: number; readonly left: number };

type LineChartProps = {
  readonly columns: PlotColumns;
  readonly formatX: (index: number) => string;
  readonly formatY: (value: number) => string;
  /** True where only whole numbers occur, so that the axis has no halves. */
  readonly isWhole: boolean;
  /** Changes when the colours do. */
  readonly isDark: boolean;
  readonly onPoint: (pointed: Pointed | null) => void;
};

export function LineChart(props: LineChartProps): JSX.Element {
  const { columns, isDark } = props;
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;

  // A change of theme draws the same data in other colours
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const { formatX, formatY, isWhole } = latest.current;
    const size = { width: element.clientWidth, height: element.clientHeight };
    const colours = readPlotColours(element);
    const options = makePlotOptions(columns, { formatX, formatY, isWhole, size, colours });
    const report = (plot: uPlot): void => latest.current.onPoint(readPointed(plot));
    const data = [columns.x, columns.previous, columns.low, columns.high, columns.complete, columns.incomplete];
    const plot = new uPlot({ ...options, hooks: { setCursor: [report] } }, data as uPlot.AlignedData, element);
    const observer = new ResizeObserver(() => {
      plot.setSize({ width: element.clientWidth, height: element.clientHeight });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
      latest.current.onPoint(null);
    };
  }, [columns, isDark]);

  return <div class="plot" ref={box} aria-hidden="true" />;
}

function readPointed(plot: uPlot): Pointed | null {
  const index = plot.cursor.idx;
  const isInside = (plot.cursor.left ?? -1) >= 0;
  if (index === null || index === undefined || !isInside) return null;
  return { index, left: plot.valToPos(index, "x") + plot.bbox.left / devicePixelRatio };
}
