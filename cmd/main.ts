/** The `passerby` command line: its subcommands, one file each, and what an error looks like at a terminal. */
import { Command } from "commander";
import packageFacts from "../package.json" with { type: "json" };
import { describeError, PasserbyError } from "../src/errors.ts";
import { backupCommand } from "./backup.ts";
import { brakeCommand } from "./brake.ts";
import { eraseCommand } from "./erase.ts";
import { exportCommand } from "./export.ts";
import { identityCommand } from "./identity.ts";
import { importCommand } from "./import.ts";
import { keyCommand } from "./key.ts";
import { ledgerCommand } from "./ledger.ts";
import { replayCommand } from "./replay.ts";
import { restoreCommand } from "./restore.ts";
import { rotateCommand } from "./rotate.ts";
import { signInCommand } from "./sign-in.ts";
import { snippetCommand } from "./snippet.ts";
import { startCommand } from "./start.ts";
import { verifyCommand } from "./verify.ts";

/** Exit code when a command could not do its work at all: bad settings, unusable input, a port in use. */
const EXIT_UNUSABLE = 2;

const program = new Command("passerby")
  .version(packageFacts.version)
  .description("Behaviour metrics for your own site, without following anyone home.")
  .showHelpAfterError("(see --help)")
  .addCommand(startCommand())
  .addCommand(keyCommand())
  .addCommand(signInCommand())
  .addCommand(snippetCommand())
  .addCommand(importCommand())
  .addCommand(exportCommand())
  .addCommand(brakeCommand())
  .addCommand(identityCommand())
  .addCommand(eraseCommand())
  .addCommand(ledgerCommand())
  .addCommand(verifyCommand())
  .addCommand(backupCommand())
  .addCommand(restoreCommand())
  .addCommand(replayCommand())
  .addCommand(rotateCommand());

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
