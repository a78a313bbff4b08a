/** The made-up country of the demo site's maps: a height for every point, the same at every build. */

/** A hill, or a hollow when `heightM` is negative. */
type Hill = { readonly x: number; readonly y: number; readonly radius: number; readonly heightM: number };

export type Terrain = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly hills: readonly Hill[];
};

/** Sheet 3, Harrow Fell: the map on the home page. */
export const HARROW_FELL: Terrain = {
  widthPx: 1440,
  heightPx: 720,
  hills: [
    { x: 860, y: 250, radius: 250, heightM: 430 },
    { x: 1090, y: 170, radius: 150, heightM: 210 },
    { x: 1340, y: 90, radius: 190, heightM: 240 },
    { x: 700, y: 60, radius: 160, heightM: 170 },
    { x: 560, y: 330, radius: 150, heightM: 110 },
    { x: 1130, y: 520, radius: 150, heightM: -190 },
    { x: 1360, y: 640, radius: 210, heightM: 180 },
    { x: 140, y: 120, radius: 230, heightM: 190 },
    { x: 420, y: 640, radius: 200, heightM: 90 },
  ],
};

/** Smaller pieces of country, for pictures in the journal. */
export const SKETCHES: Readonly<Record<string, Terrain>> = {
  saddle: {
    widthPx: 480,
    heightPx: 270,
    hills: [
      { x: 130, y: 130, radius: 100, heightM: 300 },
      { x: 350, y: 140, radius: 90, heightM: 260 },
      { x: 240, y: 20, radius: 70, heightM: -60 },
    ],
  },
  valley: {
    widthPx: 480,
    heightPx: 270,
    hills: [
      { x: 60, y: 20, radius: 150, heightM: 300 },
      { x: 420, y: 60, radius: 150, heightM: 320 },
      { x: 240, y: 270, radius: 120, heightM: -120 },
      { x: 30, y: 250, radius: 90, heightM: 120 },
    ],
  },
};

/** Returns the height of a point in metres. */
export function heightAt({ hills }: Terrain, x: number, y: number): number {
  const base = 180 + 26 * ripple(x / 210, y / 190) + 13 * ripple(x / 83 + 7, y / 79) + 5 * ripple(x / 37, y / 34 + 3);
  return hills.reduce((sum, hill) => {
    const distance = Math.hypot(x - hill.x, y - hill.y) / hill.radius;
    return sum + hill.heightM * Math.exp(-distance * distance);
  }, base);
}

/** Smooth unevenness from -1 to 1, from waves that do not share a period. */
function ripple(x: number, y: number): number {
  return (Math.sin(x * 1.7 + Math.sin(y * 1.3)) + Math.sin(y * 2.1 + Math.sin(x * 0.9 + 1.4))) / 2;
}
