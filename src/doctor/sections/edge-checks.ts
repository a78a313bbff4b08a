/** Section 3, and what the files of nginx have to do with others: every check of the edge, in the order of the checklist. */
import type { Check } from "../check.ts";
import { EDGE_ERROR_CHECKS } from "./edge/edge-error-checks.ts";
import { EDGE_EVENT_CHECKS } from "./edge/edge-event-checks.ts";
import { EDGE_HAZARD_CHECKS } from "./edge/edge-hazard-checks.ts";
import { EDGE_METHOD_CHECKS } from "./edge/edge-method-checks.ts";
import { EDGE_OPERATION_CHECKS } from "./edge/edge-operation-checks.ts";
import { EDGE_RATE_CHECKS } from "./edge/edge-rate-checks.ts";
import { EDGE_SCRIPT_CHECKS } from "./edge/edge-script-checks.ts";
import { EDGE_SYNTAX_CHECKS } from "./edge/edge-syntax-checks.ts";
import { EDGE_TIME_CHECKS } from "./edge/edge-time-checks.ts";
import { EDGE_VISITOR_CHECKS } from "./edge/edge-visitor-checks.ts";
import { EDGE_DOOR_CHECKS } from "./edge-security/edge-door-checks.ts";
import { EDGE_HEADER_CHECKS } from "./edge-security/edge-header-checks.ts";
import { EDGE_HSTS_CHECKS } from "./edge-security/edge-hsts-checks.ts";
import { EDGE_LOG_CHECKS } from "./edge-security/edge-log-checks.ts";
import { EDGE_TLS_CHECKS } from "./edge-security/edge-tls-checks.ts";

/** That events pass comes before everything that is said of them. */
const [EVENT_PASSES, ...EVENT_CHECKS] = EDGE_EVENT_CHECKS;

export const EDGE_CHECKS: readonly Check[] = [
  ...EDGE_SYNTAX_CHECKS,
  ...(EVENT_PASSES ? [EVENT_PASSES] : []),
  ...EDGE_RATE_CHECKS,
  ...EVENT_CHECKS,
  ...EDGE_ERROR_CHECKS,
  ...EDGE_METHOD_CHECKS,
  ...EDGE_VISITOR_CHECKS,
  ...EDGE_TIME_CHECKS,
  ...EDGE_HAZARD_CHECKS,
  ...EDGE_LOG_CHECKS,
  ...EDGE_TLS_CHECKS,
  ...EDGE_DOOR_CHECKS,
  ...EDGE_HEADER_CHECKS,
  ...EDGE_HSTS_CHECKS,
  ...EDGE_SCRIPT_CHECKS,
  ...EDGE_OPERATION_CHECKS,
];
