/** What the checks of the data directory find out: that rotation works, that nothing is too old, and who can read it. */
import { existsSync, lstatSync, readdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { utcDay } from "../../../clock.ts";
import { diskSpaceOf, usedPercent } from "../../../disk-space.ts";
import { type LogFile, listLogFiles } from "../../../log/files/log-files.ts";
import { firstKeptDay, isExpired } from "../../../log/files/retention-days.ts";
import { openListed } from "../../../log/read/open-listed.ts";
import { ROTATOR_FILE } from "../../../log/rotate/rotator-state.ts";
import { listNotes } from "../../../log/verify/list-notes.ts";
import { type Evidence, type Finding, fail, pass, skip, warn } from "../../check.ts";
import type { Given } from "../../inputs.ts";
import { readRotatorRecord } from "./rotator-record.ts";

const HOUR_MS = 3_600_000;
/** As health and the container's health check have it. */
const MISSED_RUNS = 3;
/** After a single run by cron none is late for a day and a bit. */
const ONCE_LIMIT_MS = 26 * HOUR_MS;
const QUARANTINE = /^metrics-torn-(\d{4}-\d{2}-\d{2})-.+\.jsonl$/;
const SHOWN = 10;

/** Did the last rotation succeed, and in time? */
export async function judgeLastSuccess(given: Given): Promise<Finding> {
  const { path } = await given.need("data_dir");
  const record = readRotatorRecord(path);
  const where = join(path, ROTATOR_FILE);
  if (record === undefined && isYoung(path, given.nowMs())) {
    return skip(`${path} is younger than a quarter of an hour, and no rotator has run yet: ask again`);
  }
  if (record === undefined) {
    const found = existsSync(where) ? "cannot be understood" : "(none)";
    return fail([{ what: ROTATOR_FILE, found, where }], {
      text: "No rotator has ever finished a run here. Start passerby rotate with this folder as --data-dir.",
      commands: [`passerby rotate --once --data-dir ${path}`],
    });
  }
  const { lastSuccessMs, intervalSeconds, errors } = record;
  const limitMs = intervalSeconds === null ? ONCE_LIMIT_MS : intervalSeconds * 1_000 * MISSED_RUNS;
  const last = lastSuccessMs === null ? "never" : new Date(lastSuccessMs).toISOString();
  const evidence = [
    { what: "last_success", found: last, where },
    { what: "interval", found: intervalSeconds === null ? "a single run" : `${intervalSeconds} s`, where },
    ...errors.slice(0, SHOWN).map((error) => ({ what: "error of the last run", found: error, where })),
  ];
  if (lastSuccessMs !== null && given.nowMs() - lastSuccessMs <= limitMs) return pass(...evidence);
  const ageText =
    lastSuccessMs === null
      ? "No run has succeeded"
      : `The last good run was ${hours(given.nowMs() - lastSuccessMs)} ago`;
  return fail(evidence, {
    text: `${ageText}, and one is due every ${hours(limitMs / MISSED_RUNS)}. See whether the rotator runs and what its last lines say.`,
    commands: ["docker compose --file deploy/docker-compose.full.yml logs --tail 20 metrics-rotator"],
  });
}

const YOUNG_MS = 900_000;

/** Says whether nothing in the folder is older than what a first run may take to come. */
function isYoung(folder: string, nowMs: number): boolean {
  const times = readdirSync(folder).map(
    (name) => lstatSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? nowMs,
  );
  return nowMs - Math.min(nowMs, ...times) < YOUNG_MS;
}

function hours(ms: number): string {
  return ms < HOUR_MS ? `${Math.round(ms / 1_000)} s` : `${(ms / HOUR_MS).toFixed(1)} h`;
}

/** Does the rotator that runs delete by the collector's setting? */
export async function judgeFlagsInForce(given: Given): Promise<Finding> {
  const { path } = await given.need("data_dir");
  const { settings, whereIs } = await given.need("settings");
  const record = readRotatorRecord(path);
  if (record?.deleteAfterDays === undefined)
    return skip(`${ROTATOR_FILE} does not say by which flags the rotator runs`);
  const evidence = [
    { what: "delete_after_days of the running rotator", found: String(record.deleteAfterDays), where: record.path },
    { what: "METRICS_RETENTION_DAYS", found: String(settings.retentionDays), where: whereIs("METRICS_RETENTION_DAYS") },
  ];
  if (record.deleteAfterDays === settings.retentionDays) return pass(...evidence);
  return fail(evidence, {
    text: "The rotator runs by another figure than is set: start collector and rotator anew, with one METRICS_RETENTION_DAYS for both.",
  });
}

type Retention = { readonly days: number; readonly judgedAtMs: number; readonly source: Evidence };

/** For how long events are kept; undefined where nobody says. What fell due within the rotator's interval may still be there. */
async function retentionOf(given: Given, dataDir: string): Promise<Retention | undefined> {
  const record = readRotatorRecord(dataDir);
  const settings = await given.may("settings");
  const days = settings?.settings.retentionDays ?? record?.deleteAfterDays;
  if (days === undefined) return undefined;
  const graceMs = Math.max(HOUR_MS, (record?.intervalSeconds ?? 0) * 1_000 * MISSED_RUNS);
  const where = settings?.whereIs("METRICS_RETENTION_DAYS") ?? record?.path ?? "";
  return { days, judgedAtMs: given.nowMs() - graceMs, source: { what: "retention", found: `${days} days`, where } };
}

const NO_RETENTION = "how long events are kept is not to be seen: give --compose FILE or --env FILE";

/** Is the oldest file of the log within the retention? */
export async function judgeOldestFile(given: Given): Promise<Finding> {
  const { path } = await given.need("data_dir");
  const retention = await retentionOf(given, path);
  if (retention === undefined) return skip(NO_RETENTION);
  const shards = (await listLogFiles(path)).flatMap((file) =>
    file.kind === "sealed" ? [{ name: file.name, day: file.day }] : [],
  );
  const torn = readdirSync(path).flatMap((name) => {
    const day = QUARANTINE.exec(name)?.[1];
    return day === undefined ? [] : [{ name, day }];
  });
  const dated = [...shards, ...torn].sort((a, b) => (a.day < b.day ? -1 : 1));
  const old = dated.filter(({ day }) => isExpired(day, retention.days, retention.judgedAtMs));
  const [oldest] = dated;
  if (oldest === undefined) return pass({ what: "sealed files", found: "(none yet)", where: path }, retention.source);
  if (old.length === 0) return pass({ what: "oldest file", found: oldest.name, where: path }, retention.source);
  const limit = firstKeptDay(retention.days, retention.judgedAtMs);
  return fail(
    [
      ...old.slice(0, SHOWN).map(({ name }) => ({ what: "file past its time", found: name, where: path })),
      retention.source,
    ],
    {
      text: `${old.length} files are of a day before ${limit}, and should be deleted. See what the rotator says, or run it once.`,
      commands: [`passerby rotate --once --dry-run --data-dir ${path} --delete-after-days ${retention.days}`],
    },
  );
}

/** Is the oldest event in the log within the retention? Of each file the first event is read: it is the oldest. */
export async function judgeOldestEvent(given: Given): Promise<Finding> {
  const { path } = await given.need("data_dir");
  const retention = await retentionOf(given, path);
  if (retention === undefined) return skip(NO_RETENTION);
  const files = (await listLogFiles(path)).filter(({ kind }) => kind !== "import");
  const first = files.find(({ kind }) => kind === "sealed");
  const looked = files.filter((file) => file.kind === "active" || file === first);
  const found: Evidence[] = [];
  const old: Evidence[] = [];
  for (const file of looked) {
    const receivedAt = await firstReceived(path, file);
    if (receivedAt === undefined) continue;
    const evidence = { what: "received_at of the first event", found: receivedAt, where: join(path, file.name) };
    const isOld = isExpired(utcDay(Date.parse(receivedAt)), retention.days, retention.judgedAtMs);
    (isOld ? old : found).push(evidence);
  }
  if (old.length === 0) return pass(...found, retention.source);
  return fail([...old, retention.source], {
    text: `It should be gone since ${firstKeptDay(retention.days, retention.judgedAtMs)}. A file that is being written is sealed by the collector or the rotator: see whether they run.`,
  });
}

async function firstReceived(dataDir: string, listed: LogFile): Promise<string | undefined> {
  const file = await openListed(dataDir, listed);
  if (file === undefined) return undefined;
  try {
    for await (const { decoded } of file.events(0)) if (!("problem" in decoded)) return decoded.receivedAt;
    return undefined;
  } finally {
    await file.close();
  }
}

/** Is there room on the disk? */
export async function judgeDisk(given: Given): Promise<Finding> {
  const { path } = await given.need("data_dir");
  const settings = (await given.may("settings"))?.settings;
  const [warnPercent, criticalPercent] = [settings?.diskWarnPercent ?? 80, settings?.diskCriticalPercent ?? 90];
  const space = diskSpaceOf(statfsSync(path));
  const used = usedPercent(space);
  const gib = space.freeBytes / 1024 ** 3;
  const evidence = {
    what: "disk of the data directory",
    found: `${used.toFixed(1)} % used, ${gib.toFixed(1)} GiB free (warns at ${warnPercent} %, refuses at ${criticalPercent} %)`,
    where: path,
  };
  const remedy = { text: "Make room, enlarge the disk, or lower METRICS_RETENTION_DAYS." };
  if (used >= criticalPercent) return fail([evidence], { text: `Events are refused. ${remedy.text}` });
  return used >= warnPercent ? warn([evidence], remedy) : pass(evidence);
}

/** Can nobody but the collector's user read the data? */
export async function judgeDataModes(given: Given): Promise<Finding> {
  const { path } = await given.need("data_dir");
  const entries = ["", ...readdirSync(path)].flatMap((name) => statsOf(path, name));
  const open = entries.filter(({ mode }) => (mode & 0o077) !== 0);
  if (open.length === 0)
    return pass({ what: "modes", found: `${entries.length} entries, for their owner alone`, where: path });
  return fail(
    open.slice(0, SHOWN).map(({ name, mode }) => ({
      what: "mode",
      found: (mode & 0o777).toString(8).padStart(4, "0"),
      where: join(path, name),
    })),
    {
      text: `${open.length} of ${entries.length} can be read by others on the machine: visitors' events, keys, salts.`,
      commands: [`chmod -R go-rwx ${path}`],
    },
  );
}

/** Does all of it belong to one user? */
export async function judgeDataOwner(given: Given): Promise<Finding> {
  const { path } = await given.need("data_dir");
  const entries = ["", ...readdirSync(path)].flatMap((name) => statsOf(path, name));
  const owner = entries.find(({ name }) => name === "")?.uid ?? 0;
  const foreign = entries.filter(({ uid }) => uid !== owner);
  if (foreign.length === 0) return pass({ what: "owner", found: `uid ${owner}`, where: path });
  return fail(
    foreign.slice(0, SHOWN).map(({ name, uid }) => ({
      what: "owner",
      found: `uid ${uid}, the folder's is ${owner}`,
      where: join(path, name),
    })),
    {
      text: "Collector or rotator cannot write what another user made, such as a command that was run as root.",
      commands: [`chown -R ${owner} ${path}`],
    },
  );
}

type Entry = { readonly name: string; readonly mode: number; readonly uid: number };

/** Nothing for what has gone meanwhile: the folder is in use. */
function statsOf(folder: string, name: string): readonly Entry[] {
  const stats = lstatSync(join(folder, name), { throwIfNoEntry: false });
  return stats === undefined || stats.isSymbolicLink() ? [] : [{ name, mode: stats.mode, uid: stats.uid }];
}

/** Is there nothing that somebody should look at? */
export async function judgeLeftovers(given: Given): Promise<Finding> {
  const { path } = await given.need("data_dir");
  const entries = readdirSync(path, { withFileTypes: true });
  const isNew = (name: string): boolean =>
    name.endsWith(".tmp") &&
    given.nowMs() - (lstatSync(join(path, name), { throwIfNoEntry: false })?.mtimeMs ?? 0) < HOUR_MS;
  const notes = listNotes(entries)
    .filter(({ file }) => !isNew(file))
    .map(({ file, message }) => ({ what: file, found: message, where: path }));
  const torn = entries
    .filter(({ name }) => QUARANTINE.test(name))
    .map(({ name }) => ({ what: "quarantine", found: name, where: path }));
  if (notes.length + torn.length === 0)
    return pass({ what: "entries", found: `${entries.length}, none torn or foreign`, where: path });
  return warn([...torn, ...notes].slice(0, SHOWN), {
    text: "Quarantine holds lines that a crash cut off or a repair moved aside: at most one event each was lost. passerby verify tells of all of it.",
    commands: [`passerby verify --data-dir ${path}`],
  });
}
