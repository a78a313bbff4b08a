/** Every check of the doctor, in the order in which they run and are told. */
import type { Check } from "./check.ts";
import { MONITORING_CHECKS } from "./sections/monitoring-checks.ts";
import { READING_CHECKS } from "./sections/reading-checks.ts";
import { README_CHECKS } from "./sections/readme-checks.ts";
import { ROLLBACK_CHECKS } from "./sections/rollback-checks.ts";
import { SMOKE_CHECKS } from "./sections/smoke-checks.ts";
import { TESTS_CHECKS } from "./sections/tests-checks.ts";
import { VERSION_CONTROL_CHECKS } from "./sections/version-control-checks.ts";

export const CHECKS: readonly Check[] = [
  ...READING_CHECKS,
  ...README_CHECKS,
  ...VERSION_CONTROL_CHECKS,
  ...SMOKE_CHECKS,
  ...MONITORING_CHECKS,
  ...TESTS_CHECKS,
  ...ROLLBACK_CHECKS,
];
