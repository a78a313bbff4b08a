/** `passerby key`: makes, lists and revokes keys. A key is shown when it is made and never again. */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { Argument, Command, Option } from "commander";
import { systemClock } from "../src/clock.ts";
import { PasserbyError } from "../src/errors.ts";
import { refuseHalfRestored } from "../src/log/files/half-restored.ts";
import {
  KEY_SCOPES,
  type KeyOptions,
  type KeyRecord,
  type KeyRing,
  type KeyScope,
  OVERLAY_LIFETIME_MS,
  openKeys,
} from "../src/server/access/keys.ts";
import { parseDuration } from "./duration.ts";
import { commandSettings } from "./settings.ts";

type CreateFlags = {
  scope: KeyScope;
  overlay?: boolean;
  site?: string;
  expires?: string;
  dataDir?: string;
  json?: boolean;
};

/** Makes the subcommand. */
export function keyCommand(): Command {
  return new Command("key")
    .description("make, list and revoke keys")
    .addCommand(createKey())
    .addCommand(listKeys())
    .addCommand(revokeKey());
}

function createKey(): Command {
  return new Command("create")
    .description("make a key and show it, once")
    .addOption(new Option("--scope <scope>", "what it may do").choices(KEY_SCOPES).makeOptionMandatory())
    .addOption(
      new Option("--overlay", "a token for the panel on your pages: --scope overlay").implies({ scope: "overlay" }),
    )
    .option("--site <site>", "the one site it is for (default: all; of an overlay's, the only one there is)")
    .option(
      "--expires <time>",
      "how long it is good, such as 90d or 12h (default: until revoked; an overlay's: 1h, the most)",
    )
    .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  passerby key create --scope read
  passerby key create --scope ingest --site example.com --expires 90d --json
  passerby key create --overlay --site example.com`,
    )
    .action((flags: CreateFlags) => {
      const { key, record } = openRing(flags.dataDir).create(readOptions(flags));
      if (flags.json)
        console.log(
          JSON.stringify({ key, id: record.id, scope: record.scope, site: record.site, expires_at: record.expires_at }),
        );
      else console.log(`${key}\n\n${describeKey(record)}`);
    });
}

function describeKey({ scope, site, id, expires_at }: KeyRecord): string {
  if (scope !== "overlay") return `Keep it: it is stored as a hash and cannot be shown again. Its id is ${id}.`;
  return `Paste it into the panel on a page of ${site} with ?dev=1. It is good until ${expires_at}. Its id is ${id}.`;
}

function readOptions(flags: CreateFlags): KeyOptions {
  const { scope, site = null } = flags;
  const lifetimeMs = flags.expires === undefined ? null : parseDuration("--expires", flags.expires);
  if (scope === "overlay") return readOverlayOptions(flags, lifetimeMs ?? OVERLAY_LIFETIME_MS);
  if (flags.overlay !== true) return { scope, site, lifetimeMs };
  throw new PasserbyError("setting_invalid", `--overlay stands for --scope overlay: leave --scope ${scope} out`);
}

/** What is pasted into a page lies where scripts of others may run: it is for one site, and for an hour at most. */
function readOverlayOptions({ site, dataDir }: CreateFlags, lifetimeMs: number): KeyOptions {
  if (lifetimeMs > OVERLAY_LIFETIME_MS) {
    throw new PasserbyError(
      "setting_invalid",
      "--expires of an overlay's key is 1h at most: leave it out or give less",
    );
  }
  const [only, ...others] = commandSettings({ METRICS_DATA_DIR: dataDir }, undefined).sites;
  const ownSite = site ?? (others.length === 0 ? only?.name : undefined);
  if (ownSite !== undefined) return { scope: "overlay", site: ownSite, lifetimeMs };
  throw new PasserbyError("setting_invalid", "an overlay's key is for one site: add --site with the name of one");
}

function listKeys(): Command {
  return new Command("list")
    .description("list keys by id, without the keys")
    .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
    .option("--json", "print JSON")
    .action((flags: { dataDir?: string; json?: boolean }) => {
      const rows = openRing(flags.dataDir)
        .list()
        .map(({ hash: _hash, ...shown }) => shown);
      if (flags.json) return console.log(JSON.stringify(rows));
      if (rows.length === 0) return console.log("No keys yet. Make one with: passerby key create --scope read");
      for (const row of rows) {
        console.log(
          `${row.id}  ${row.scope.padEnd(7)}  ${row.site ?? "all sites"}  until ${row.expires_at ?? "revoked"}`,
        );
      }
    });
}

function revokeKey(): Command {
  return new Command("revoke")
    .description("end a key and the sessions that were opened with it")
    .addArgument(new Argument("<id>", "id shown by passerby key list"))
    .option("--data-dir <dir>", "data directory (METRICS_DATA_DIR, default ./data)")
    .action((id: string, flags: { dataDir?: string }) => {
      if (!openRing(flags.dataDir).revoke(id)) {
        throw new PasserbyError("input_unreadable", `there is no key with the id ${id}: see passerby key list`);
      }
      console.log(`Key ${id} is revoked.`);
    });
}

function openRing(dataDir: string | undefined): KeyRing {
  const folder = resolve(commandSettings({ METRICS_DATA_DIR: dataDir }, undefined).dataDir);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new PasserbyError("data_dir_unusable", `${folder} cannot be made: check the path and its owner`, { cause });
  }
  refuseHalfRestored(folder);
  return openKeys(folder, systemClock);
}
