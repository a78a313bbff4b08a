/** `passerby sign-in`: asks the running server for a link that signs in once, for an owner who missed the first one. */
import { resolve } from "node:path";
import { Command } from "commander";
import { Compile } from "typebox/compile";
import { PasserbyError } from "../src/errors.ts";
import { askOwner } from "../src/log/owner/control-channel.ts";
import { commandSettings } from "./settings.ts";

const tokenAnswer = Compile({
  type: "object",
  required: ["token", "url"],
  properties: { token: { type: "string" }, url: { type: "string" } },
} as const);

/** Makes the subcommand. */
export function signInCommand(): Command {
  return new Command("sign-in")
    .description("print a link that signs in to the dashboard, once, within 10 minutes")
    .option("--data-dir <dir>", "data directory of the running server (METRICS_DATA_DIR, default ./data)")
    .addHelpText("after", "\nExamples:\n  passerby sign-in\n  passerby sign-in --data-dir /var/lib/passerby")
    .action(async (flags: { dataDir?: string }) => {
      const dataDir = resolve(commandSettings({ METRICS_DATA_DIR: flags.dataDir }, undefined).dataDir);
      const answer = await askOwner(dataDir, "sign_in_token");
      if (answer === undefined) {
        throw new PasserbyError("input_unreadable", `no server runs on ${dataDir}: start one with passerby start`);
      }
      if (!tokenAnswer.Check(answer)) throw new Error("the server gave no token");
      console.log(`${answer.url}/#sign-in=${answer.token}`);
    });
}
