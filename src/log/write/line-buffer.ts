/** Two buffers of encoded lines: one is filled while the other is away at the writer's thread. */

/** Lines that were taken to be written: the first `bytes` of `buffer`. */
export type TakenLines = { readonly buffer: Uint8Array<ArrayBuffer>; readonly bytes: number };

const FIRST_BYTES = 262_144;
/** A buffer that a burst has made larger is not kept. */
const KEPT_BYTES = 4_194_304;

export class LineBuffer {
  private filling: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private spare: Buffer<ArrayBuffer> | undefined;
  private filled = 0;

  /** Bytes that wait to be taken. */
  get bytes(): number {
    return this.filled;
  }

  /** Adds lines, whose length in bytes the caller has already counted. */
  add(lines: string, bytes: number): void {
    const needed = this.filled + bytes;
    if (needed > this.filling.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.filling.length * 2));
      this.filling.copy(larger, 0, 0, this.filled);
      this.filling = larger;
    }
    this.filling.write(lines, this.filled, "utf8");
    this.filled = needed;
  }

  /** Hands out what was added; the buffer is the caller's until it gives it back, or for good. */
  take(): TakenLines {
    const taken = { buffer: this.filling, bytes: this.filled };
    this.filling = this.spare ?? Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.spare = undefined;
    this.filled = 0;
    return taken;
  }

  /** Takes a buffer back to be filled again. */
  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    if (buffer.byteLength <= KEPT_BYTES) this.spare = Buffer.from(buffer.buffer);
  }

  /** Forgets what waits to be taken. */
  clear(): void {
    this.filled = 0;
  }
}
