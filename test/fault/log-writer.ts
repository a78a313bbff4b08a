/**
 * A process that owns a log and does what it is told on standard input, so that a test can kill it or break its disk:
 * `{"append":["id",…]}` answers `{"acked":[…]}` or `{"rejected":[…],"code":…}`, `{"seal":true}` answers `{"sealed":…}` with
 * the shard's name, or null where there is none, `{"close":true}` ends it.
 */
import { createInterface } from "node:readline";
import { systemClock } from "../../src/clock.ts";
import { describeError, PasserbyError } from "../../src/errors.ts";
import { openLog } from "../../src/log/log.ts";
import { makeEvent } from "./make-event.ts";

function tell(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const [dataDir = ""] = process.argv.slice(2);

try {
  const onWarning = (warning: string): void => tell({ warning });
  const log = await openLog({ dataDir, clock: systemClock, durability: "fsync", maxQueueBytes: 16_777_216, onWarning });
  tell({ opened: log.status() });
  const end = (): Promise<void> => log.close().then(() => process.exit(0));
  const requests = createInterface({ input: process.stdin }).on("close", end);
  requests.on("line", (line) => {
    const { append: ids, seal }: { readonly append?: readonly string[]; readonly seal?: true } = JSON.parse(line);
    if (seal) {
      return void log.seal().then(
        (sealed = "") => tell({ sealed: sealed || null }),
        () => tell({ sealed: null }),
      );
    }
    if (!ids) return requests.close();
    log.append(ids.map((id) => makeEvent(id))).then(
      (appended) => tell({ acked: ids, appended }),
      (error: unknown) => tell({ rejected: ids, code: error instanceof PasserbyError ? error.code : "none" }),
    );
  });
} catch (error) {
  tell({ refused: error instanceof PasserbyError ? error.code : "none", message: describeError(error) });
  process.exitCode = 2;
}
