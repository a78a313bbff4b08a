/** Every check of the doctor, in the order in which they run and are told. */
import type { Check } from "./check.ts";
import { EDGE_CHECKS } from "./sections/edge-checks.ts";
import { READING_CHECKS } from "./sections/reading-checks.ts";
import { ROLLBACK_CHECKS } from "./sections/rollback-checks.ts";
import { SMOKE_CHECKS } from "./sections/smoke-checks.ts";

export const CHECKS: readonly Check[] = [...READING_CHECKS, ...EDGE_CHECKS, ...SMOKE_CHECKS, ...ROLLBACK_CHECKS];
