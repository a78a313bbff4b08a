/**
 * Every check of the doctor, in the order in which they run: that of the checklist, but for three things. Whether there is
 * TLS comes before whether anybody answers, each check after those that it depends on, and the burst of requests last.
 */
import type { Check } from "./check.ts";
import { BUNDLE_CHECKS } from "./sections/bundle-checks.ts";
import { COMPOSE_CHECKS } from "./sections/compose-checks.ts";
import { CORS_CHECKS } from "./sections/cors-checks.ts";
import { EDGE_CHECKS } from "./sections/edge-checks.ts";
import { ENVIRONMENT_CHECKS } from "./sections/environment-checks.ts";
import { HEADER_CHECKS } from "./sections/header-checks.ts";
import { HEALTH_CHECKS } from "./sections/health-checks.ts";
import { LOAD_CHECKS } from "./sections/load-checks.ts";
import { MONITORING_CHECKS } from "./sections/monitoring-checks.ts";
import { OVERLAY_CHECKS } from "./sections/overlay-checks.ts";
import { PREFLIGHT_CHECKS } from "./sections/preflight-checks.ts";
import { PRIVACY_CHECKS } from "./sections/privacy-checks.ts";
import { PRIVACY_PAGE_CHECKS } from "./sections/privacy-page-checks.ts";
import { READING_CHECKS } from "./sections/reading-checks.ts";
import { README_CHECKS } from "./sections/readme-checks.ts";
import { REFUSAL_CHECKS } from "./sections/refusal-checks.ts";
import { ROLLBACK_CHECKS } from "./sections/rollback-checks.ts";
import { ROTATION_CHECKS } from "./sections/rotation-checks.ts";
import { SECURITY_CHECKS } from "./sections/security-checks.ts";
import { SMOKE_CHECKS } from "./sections/smoke-checks.ts";
import { STORE_CHECKS } from "./sections/store-checks.ts";
import { TESTS_CHECKS } from "./sections/tests-checks.ts";
import { ENCRYPTION_CHECKS, TLS_CHECKS } from "./sections/tls-checks.ts";
import { VERSION_CONTROL_CHECKS } from "./sections/version-control-checks.ts";

export const CHECKS: readonly Check[] = [
  ...TLS_CHECKS,
  ...READING_CHECKS.filter(({ judges }) => judges !== "nginx"),
  ...COMPOSE_CHECKS,
  ...CORS_CHECKS,
  // What nginx is filled with comes first.
  ...READING_CHECKS.filter(({ judges }) => judges === "nginx"),
  ...ENCRYPTION_CHECKS,
  ...PREFLIGHT_CHECKS,
  ...ENVIRONMENT_CHECKS,
  ...BUNDLE_CHECKS,
  ...EDGE_CHECKS,
  ...ROTATION_CHECKS,
  ...REFUSAL_CHECKS,
  ...README_CHECKS,
  ...PRIVACY_CHECKS,
  ...PRIVACY_PAGE_CHECKS,
  ...VERSION_CONTROL_CHECKS,
  // The event that is sent first is one that health and the snapshot can show.
  ...SMOKE_CHECKS.filter(({ line }) => line === "7.1"),
  ...HEALTH_CHECKS,
  ...SMOKE_CHECKS.filter(({ line }) => line !== "7.1"),
  ...STORE_CHECKS,
  ...MONITORING_CHECKS,
  ...TESTS_CHECKS,
  ...SECURITY_CHECKS,
  ...HEADER_CHECKS,
  ...ROLLBACK_CHECKS,
  ...OVERLAY_CHECKS,
  ...LOAD_CHECKS,
];
