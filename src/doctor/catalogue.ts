/** Every check of the doctor, in the order in which they run and are told. */
import type { Check } from "./check.ts";
import { COMPOSE_CHECKS } from "./sections/compose-checks.ts";
import { CORS_CHECKS } from "./sections/cors-checks.ts";
import { ENVIRONMENT_CHECKS } from "./sections/environment-checks.ts";
import { READING_CHECKS } from "./sections/reading-checks.ts";
import { ROLLBACK_CHECKS } from "./sections/rollback-checks.ts";
import { ROTATION_CHECKS } from "./sections/rotation-checks.ts";
import { SECURITY_CHECKS } from "./sections/security-checks.ts";
import { SMOKE_CHECKS } from "./sections/smoke-checks.ts";

export const CHECKS: readonly Check[] = [
  ...READING_CHECKS.filter(({ judges }) => judges !== "nginx"),
  ...COMPOSE_CHECKS,
  ...CORS_CHECKS,
  // What nginx is filled with comes first.
  ...READING_CHECKS.filter(({ judges }) => judges === "nginx"),
  ...ENVIRONMENT_CHECKS,
  ...ROTATION_CHECKS,
  ...SECURITY_CHECKS,
  ...SMOKE_CHECKS,
  ...ROLLBACK_CHECKS,
];
