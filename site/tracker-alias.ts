/** Where Vite finds the npm package when it has been built and not installed. */
import type { Alias } from "vite";

/** Leads `passerby-tracker` and its entries, such as `passerby-tracker/dev`, to a folder of the built package. */
export function trackerAlias(folder: string): Alias[] {
  return [
    { find: /^passerby-tracker$/, replacement: `${folder}/index.js` },
    { find: /^passerby-tracker\/([a-z]+)$/, replacement: `${folder}/$1.js` },
  ];
}
