/** The `passerby` command line: its subcommands, one file each, and what an error looks like at a terminal. */
import { Command } from "commander";
import packageFacts from "../package.json" with { type: "json" };
import { describeError, PasserbyError } from "../src/errors.ts";

/** Exit code when a command could not do its work at all: bad settings, unusable input, a port in use. */
const EXIT_UNUSABLE = 2;

/** What a subcommand needs is loaded only when it is called. */
const SUBCOMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import("./start.ts")).startCommand(),
  init: async () => (await import("./init.ts")).initCommand(),
  key: async () => (await import("./key.ts")).keyCommand(),
  "sign-in": async () => (await import("./sign-in.ts")).signInCommand(),
  snippet: async () => (await import("./snippet.ts")).snippetCommand(),
  "privacy-page": async () => (await import("./privacy-page.ts")).privacyPageCommand(),
  import: async () => (await import("./import.ts")).importCommand(),
  export: async () => (await import("./export.ts")).exportCommand(),
  doctor: async () => (await import("./doctor.ts")).doctorCommand(),
  smoke: async () => (await import("./smoke.ts")).smokeCommand(),
  brake: async () => (await import("./brake.ts")).brakeCommand(),
  identity: async () => (await import("./identity.ts")).identityCommand(),
  erase: async () => (await import("./erase.ts")).eraseCommand(),
  ledger: async () => (await import("./ledger.ts")).ledgerCommand(),
  verify: async () => (await import("./verify.ts")).verifyCommand(),
  backup: async () => (await import("./backup.ts")).backupCommand(),
  restore: async () => (await import("./restore.ts")).restoreCommand(),
  replay: async () => (await import("./replay.ts")).replayCommand(),
  rotate: async () => (await import("./rotate.ts")).rotateCommand(),
};

const program = new Command("passerby")
  .version(packageFacts.version)
  .description("Behaviour metrics for your own site, without following anyone home.")
  .showHelpAfterError("(see --help)");

const [first = ""] = process.argv.slice(2);
const called = Object.hasOwn(SUBCOMMANDS, first) ? [SUBCOMMANDS[first]] : Object.values(SUBCOMMANDS);
for (const load of called) if (load !== undefined) program.addCommand(await load());

/** Wrong usage ends with 2, too; commander hands the rule down to no command that was added ready-made. */
function ruleExits(command: Command): void {
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_UNUSABLE));
  for (const child of command.commands) ruleExits(child);
}

ruleExits(program);

try {
  await program.parseAsync();
} catch (error) {
  // One line for what we know; the stack only for what we did not expect, since that is a bug of ours.
  const text =
    error instanceof PasserbyError ? error.message : error instanceof Error ? error.stack : describeError(error);
  process.stderr.write(`passerby: ${text}\n`);
  process.exit(EXIT_UNUSABLE);
}
