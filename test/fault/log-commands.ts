/** What may happen to a log, as commands to a real one and to a model of it: appends, seals, a full disk, ends and crashes. */
import { closeSync, fstatSync, ftruncateSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect } from "vitest";
import { systemErrorCode } from "../../src/errors.ts";
import type { Log } from "../../src/log/log.ts";
import { encodeLines } from "../../src/log/write/encode-line.ts";
import { copyFolder, putBack } from "./folder-copy.ts";
import { idOf, openTestLog, readLog } from "./log-fixtures.ts";
import { makeEvent } from "./make-event.ts";

/** What must be true of the log: `open` ids may be there or not, because a crash came before their answer. */
export type Model = { sent: string[]; acked: Set<string>; open: Set<string>; isFull: boolean };

export type Real = { readonly disk: string; readonly dataDir: string; log: Log };
export type Command = fc.AsyncCommand<Model, Real>;

const sizes: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 });

/** Appends so many batches at once; the promise settles when all have their answer. */
function appendAll(model: Model, { log }: Real, batchSizes: readonly number[]): Promise<unknown> {
  const appends = batchSizes.map(async (size) => {
    const ids = Array.from({ length: size }, (_, index) => `${model.sent.length + index}`);
    model.sent.push(...ids);
    for (const id of ids) model.open.add(id);
    const events = ids.map((id) => makeEvent(id, { title: "x".repeat(2_000) }));
    const isStored = await log.append(events).then(
      () => true,
      () => false,
    );
    for (const id of ids) {
      model.open.delete(id);
      if (isStored) model.acked.add(id);
    }
    if (!isStored) expect(model.isFull).toBe(true);
  });
  return Promise.all(appends);
}

async function check(model: Model, { dataDir }: Real): Promise<void> {
  const { events, problems } = await readLog(dataDir);
  const ids = events.map((event) => String(idOf(event)));
  const stored = new Set(ids);
  const expected = model.sent.filter((id) => model.acked.has(id) || (model.open.has(id) && stored.has(id)));
  expect([ids, problems]).toEqual([expected, []]);
}

/** Opens the log again and checks what it holds. A disk that is full may keep it from starting, and then says so. */
export async function reopen(model: Model, real: Real): Promise<void> {
  try {
    real.log = await openTestLog(real.dataDir);
  } catch (error) {
    expect([model.isFull, error]).toMatchObject([true, { code: "data_dir_unusable" }]);
    free(model, real);
    real.log = await openTestLog(real.dataDir);
  }
  await check(model, real);
}

/** Fills the disk but for so many bytes, which may be enough for a part of a batch. */
function fill(model: Model, { disk }: Real, roomBytes: number): void {
  const ballast = openSync(join(disk, "ballast"), "a");
  try {
    for (const block = Buffer.alloc(65_536); ; ) writeSync(ballast, block);
  } catch (error) {
    expect(systemErrorCode(error)).toBe("ENOSPC");
    ftruncateSync(ballast, Math.max(0, fstatSync(ballast).size - roomBytes));
  } finally {
    closeSync(ballast);
  }
  model.isFull = true;
}

/** Gives the disk its room back. */
export function free(model: Model, { disk }: Real): void {
  rmSync(join(disk, "ballast"), { force: true });
  model.isFull = false;
}

class Append implements Command {
  readonly sizes: readonly number[];
  constructor(batchSizes: readonly number[]) {
    this.sizes = batchSizes;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    await appendAll(model, real, this.sizes);
  }
  toString(): string {
    return `append(${this.sizes})`;
  }
}

/** Seals the file while so many batches are appended at once. */
class Seal implements Command {
  readonly sizes: readonly number[];
  constructor(batchSizes: readonly number[]) {
    this.sizes = batchSizes;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const names = readdirSync(real.dataDir);
    const appending = appendAll(model, real, this.sizes);
    const shards = await Promise.all([real.log.seal(), real.log.seal()].map((seal) => seal.catch(() => undefined)));
    await appending;
    const sealed = shards.filter((shard) => shard !== undefined);
    expect(new Set(sealed).size).toBe(sealed.length);
    expect(sealed.filter((shard) => names.includes(shard))).toEqual([]);
    await check(model, real);
  }
  toString(): string {
    return `seal while append(${this.sizes})`;
  }
}

class FillDisk implements Command {
  readonly roomBytes: number;
  constructor(roomBytes: number) {
    this.roomBytes = roomBytes;
  }
  check({ isFull }: Model): boolean {
    return !isFull;
  }
  async run(model: Model, real: Real): Promise<void> {
    fill(model, real, this.roomBytes);
  }
  toString(): string {
    return `fill the disk but for ${this.roomBytes} bytes`;
  }
}

class FreeDisk implements Command {
  check({ isFull }: Model): boolean {
    return isFull;
  }
  async run(model: Model, real: Real): Promise<void> {
    free(model, real);
    await expect.poll(() => real.log.status().accepting, { timeout: 10_000, interval: 20 }).toBe(true);
  }
  toString(): string {
    return "free the disk";
  }
}

class Restart implements Command {
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    await real.log.close();
    await reopen(model, real);
  }
  toString(): string {
    return "restart";
  }
}

type CrashOptions = {
  readonly sizes: readonly number[];
  readonly turns: number;
  readonly share: number;
  readonly isZeroed: boolean;
};

/** The process dies under load: of what is behind the acknowledged bytes a share is left, with or without NULs after it. */
class Crash implements Command {
  readonly options: CrashOptions;
  constructor(options: CrashOptions) {
    this.options = options;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const { turns, share, isZeroed } = this.options;
    const appending = appendAll(model, real, this.options.sizes);
    // On a full disk files are sealed while it runs, and a copy would not be of one moment.
    if (model.isFull) await appending;
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    const [acked, open] = [new Set(model.acked), new Set(model.open)];
    const { fileBytes, file } = real.log.status();
    const copy = new Map(copyFolder(real.dataDir));
    await appending;
    await real.log.close();
    model.acked = acked;
    model.open = open;

    const written = copy.get(file)?.content ?? Buffer.alloc(0);
    // A full disk has no room for more than what was there at that moment.
    const more = model.isFull ? Buffer.alloc(0) : this.writeMore(model);
    const rest = Buffer.concat([written.subarray(fileBytes), more]);
    const kept = rest.subarray(0, Math.floor(share * rest.length));
    const end = isZeroed ? Buffer.alloc(rest.length - kept.length) : Buffer.alloc(0);
    if (written.length > 0) copy.set(file, { content: Buffer.concat([written.subarray(0, fileBytes), kept, end]) });
    putBack(real.dataDir, copy);
    await reopen(model, real);
  }
  /** Lines that the process was about to write when it died. */
  private writeMore(model: Model): Buffer {
    const id = `${model.sent.length}`;
    model.sent.push(id);
    model.open.add(id);
    return Buffer.from(encodeLines([makeEvent(id)], { writer: "w1", start: "died", seq: 0 }));
  }
  toString(): string {
    return `crash(${JSON.stringify(this.options)})`;
  }
}

/** Any order of what may happen to a log. */
export const commands: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [
    sizes.map((batchSizes): Command => new Append(batchSizes)),
    sizes.map((batchSizes): Command => new Append(batchSizes)),
    sizes.map((batchSizes): Command => new Seal(batchSizes)),
    fc.nat(60_000).map((roomBytes): Command => new FillDisk(roomBytes)),
    fc.constant<Command>(new FreeDisk()),
    fc.constant<Command>(new Restart()),
    fc
      .record({
        sizes,
        turns: fc.nat(30),
        share: fc.nat(1_000).map((permille) => permille / 1_000),
        isZeroed: fc.boolean(),
      })
      .map((options): Command => new Crash(options)),
  ],
  { maxCommands: 15, size: "max" },
);
