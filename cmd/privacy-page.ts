/** `passerby privacy-page`: writes what the site's privacy page has to say, from the settings that are in force. */
import { readFileSync, writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import { describeError, PasserbyError } from "../src/errors.ts";
import { AUTOMATIC_EVENT_WORDS, SCRIPT_NAMES, type ScriptName } from "../src/notice/event-words.ts";
import {
  gatherFacts,
  IDENTITIES,
  type Identity,
  OUTBOXES,
  type Outbox,
  type OwnEvent,
} from "../src/notice/notice-facts.ts";
import { fillPage, plainPage } from "../src/notice/notice-page.ts";
import { writeNotice } from "../src/notice/write-notice.ts";
import { collect } from "./repeated-flag.ts";
import { commandSettings } from "./settings.ts";

type Flags = {
  out?: string;
  page?: string;
  site?: string;
  name?: string;
  contact?: string;
  identity: Identity;
  outbox: Outbox;
  with: readonly string[];
  without: readonly string[];
  event: readonly string[];
  sampleRate: string;
  config?: string;
  json?: boolean;
};

const HELP = `
The settings come from the environment and --config, as passerby start reads them: run it where the collector runs. What the
collector cannot know, how the tracker is put on the site, is said by flags.

With --page the notice takes the place of <!-- passerby-privacy --> in a page of your own; else it is a page by itself.
Run it again after each change of settings, or in the build of the site.

Examples:
  passerby privacy-page --name "Example Shop" --contact "privacy@example.com" --out privacy.html
  passerby privacy-page --with auto vitals --without search --event "signup=You send the sign-up form"
  passerby privacy-page --page site/privacy.html --out public/privacy.html
  passerby privacy-page --json

Exit codes:
  0  written
  2  wrong usage, or a file could not be read or written`;

/** Makes the subcommand. */
export function privacyPageCommand(): Command {
  return new Command("privacy-page")
    .description("write what the site's privacy page has to say, from the settings in force")
    .option("--out <file>", "write to a file (default: standard output)")
    .option("--page <file>", "a page of your own to put the notice into")
    .option("--site <site>", "name of the site (default: METRICS_DEFAULT_SITE)")
    .option("--name <name>", "what the page calls the site (default: its name)")
    .option("--contact <text>", "who is responsible, and how to reach them")
    .addOption(new Option("--identity <mode>", "identity mode of the tracker").choices(IDENTITIES).default("daily"))
    .addOption(new Option("--outbox <place>", "outbox of the tracker").choices(OUTBOXES).default("session"))
    .addOption(new Option("--with <scripts...>", "scripts loaded beside the core").choices(SCRIPT_NAMES).default([]))
    .option("--without <events...>", "automatic events that are turned off", [])
    .option("--event <name=when>", "an event of your own, and when it happens (repeatable)", collect, [])
    .option("--sample-rate <share>", "share of visitors that the tracker counts", "1")
    .option("--config <file>", "file of NAME=value lines; the environment wins over it")
    .option("--json", "print the facts as JSON")
    .addHelpText("after", HELP)
    .action(writePage);
}

function writePage(flags: Flags): void {
  const settings = commandSettings({}, flags.config);
  const site = flags.site ?? settings.defaultSite;
  const facts = gatherFacts({
    ...{ settings, site, siteName: flags.name ?? site, contact: flags.contact },
    tracker: {
      ...{ identity: flags.identity, outbox: flags.outbox },
      scripts: SCRIPT_NAMES.filter((name: ScriptName) => flags.with.includes(name)),
      turnedOff: flags.without.map(readAutomaticEvent),
      sampleRate: readRate(flags.sampleRate),
      ownEvents: flags.event.map(readOwnEvent),
    },
  });
  const notice = writeNotice(facts);
  const page = flags.page === undefined ? plainPage(facts.siteName, notice) : fillPage(readPage(flags.page), notice);
  const text = flags.json ? `${JSON.stringify(facts, null, 2)}\n` : page;
  if (flags.out === undefined) process.stdout.write(text);
  else write(flags.out, text);
}

function readAutomaticEvent(name: string): string {
  if (AUTOMATIC_EVENT_WORDS.some((event) => event.name === name)) return name;
  const known = AUTOMATIC_EVENT_WORDS.map((event) => event.name).join(", ");
  throw new PasserbyError("setting_invalid", `--without ${name} is no automatic event: give some of ${known}`);
}

function readRate(text: string): number {
  const rate = Number(text);
  if (text.trim() !== "" && rate >= 0 && rate <= 1) return rate;
  throw new PasserbyError("setting_invalid", `--sample-rate ${text} is not allowed: give a number from 0 to 1`);
}

function readOwnEvent(text: string): OwnEvent {
  const [, name, when] = /^([^=]{1,64})=(.+)$/s.exec(text) ?? [];
  if (name !== undefined && when !== undefined) return { name: name.trim(), when: when.trim() };
  const allowed = 'give its name and when it happens, such as "signup=You send the sign-up form"';
  throw new PasserbyError("setting_invalid", `--event ${text} is not allowed: ${allowed}`);
}

function readPage(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new PasserbyError("input_unreadable", `--page ${path} cannot be read: ${describeError(cause)}`, { cause });
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new PasserbyError("input_unreadable", `--out ${path} cannot be written: ${describeError(cause)}`, { cause });
  }
  console.error(`Wrote ${path}`);
}
