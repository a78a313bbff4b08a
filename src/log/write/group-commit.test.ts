/** What happens to waiting batches when the writer's thread dies, which nothing outside can bring about. */
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { idOf, makeFolder, readLog } from "../../../test/fault/log-fixtures.ts";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { systemClock } from "../../clock.ts";
import { GroupCommit } from "./group-commit.ts";
import { WriterClient } from "./writer-client.ts";

describe("a writer thread that dies", () => {
  it("takes the waiting batches with it, and another one goes on", async () => {
    const dataDir = makeFolder();
    const warnings: string[] = [];
    const onWarning = (message: string): void => void warnings.push(message);
    const client = new WriterClient({ dataDir, writer: 1, durability: "fsync", maxBytes: 67_108_864 }, onWarning);
    const commit = new GroupCommit({ client, writer: "w1", clock: systemClock, maxQueueBytes: 65_536, onWarning });
    await commit.open();
    await commit.append([makeEvent("before")]);

    const thread: unknown = Reflect.get(client, "worker");
    if (!(thread instanceof Worker)) throw new Error("the writer has no thread");
    const ended = thread.terminate();
    await expect(commit.append([makeEvent("waiting")])).rejects.toMatchObject({ code: "log_unavailable" });
    await ended;
    expect(commit.status.refusal).toMatchObject({ cause: "disk_error" });
    await expect.poll(() => commit.status.refusal, { timeout: 10_000 }).toBeUndefined();
    await commit.append([makeEvent("after")]);
    await commit.close();

    const ids = (await readLog(dataDir)).events.map(idOf).filter((id) => id !== "waiting");
    expect(ids).toEqual(["before", "after"]);
    expect(warnings.at(-1)).toBe("the log takes events again");
  });
});
