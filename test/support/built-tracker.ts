/** The tracker as `npm test` has built it before the tests begin. */
import { fileURLToPath } from "node:url";

/** Folder of the built package, with its scripts. */
export const BUILT_TRACKER: string = fileURLToPath(new URL("../../dist/tracker", import.meta.url));
