/**
 * `node is-healthy.ts collector|rotator`: ends with 0 when that process does its work, else with 1 and the reason. It is what
 * a container's health check runs, so it needs Node and nothing else: no shell, no curl, no package.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Less than the timeout of the check, so that the reason is told and not "timed out". */
const ANSWER_TIMEOUT_MS = 4_000;
/** As many as the collector's own health answer allows for. */
const MISSED_RUNS = 3;
const NEVER = "1970-01-01";

type Checks = Readonly<Record<string, (env: NodeJS.ProcessEnv) => Promise<void>>>;

const CHECKS: Checks = { collector: checkCollector, rotator: checkRotator };

async function checkCollector({ PORT = "8001" }: NodeJS.ProcessEnv): Promise<void> {
  const url = `http://127.0.0.1:${PORT}/api/metrics/health`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  const body = await answer.text();
  const { status }: { status?: unknown } = JSON.parse(body);
  if (status !== "healthy") throw new Error(`the collector answers ${answer.status}: ${body}`);
}

async function checkRotator({ METRICS_DATA_DIR = "./data" }: NodeJS.ProcessEnv): Promise<void> {
  const heldMs = lastHeldMs(METRICS_DATA_DIR);
  if (heldMs >= Date.now()) return;
  const path = join(METRICS_DATA_DIR, "rotator.json");
  const record: { last_success?: string | null; flags?: { interval_seconds?: number | null } } = JSON.parse(
    readFileSync(path, "utf8"),
  );
  const ageSeconds = (Date.now() - Math.max(Date.parse(record.last_success ?? NEVER), heldMs)) / 1_000;
  const limitSeconds = MISSED_RUNS * (record.flags?.interval_seconds ?? 0);
  // The other way round an age that is no number would pass.
  if (!(ageSeconds <= limitSeconds)) {
    throw new Error(`${path}: the last good run was ${record.last_success ?? "never"}, limit ${limitSeconds} s ago`);
  }
}

/** When `passerby rotate --pause` last held the rotator, which is meant to do nothing then; in the future while it does. */
function lastHeldMs(dataDir: string): number {
  const path = join(dataDir, "rotation-pause.json");
  if (!existsSync(path)) return 0;
  const { paused, until, at }: { paused?: boolean; until?: string | null; at?: string } = JSON.parse(
    readFileSync(path, "utf8"),
  );
  return paused === true && until === null ? Number.POSITIVE_INFINITY : Date.parse(until ?? at ?? "");
}

/** The cause, too: of a connection that cannot be made only it says why. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

const [name = ""] = process.argv.slice(2);
const check = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined;
try {
  if (check === undefined) throw new Error(`give one of ${Object.keys(CHECKS).join(", ")}, not "${name}"`);
  await check(process.env);
} catch (error) {
  process.stderr.write(`unhealthy: ${describe(error)}\n`);
  process.exitCode = 1;
}
