/**
 * How fast a transfer goes and when it will be done: the mean rate of its last seconds, so that a stall and a new speed
 * show soon and a hiccup does not. Bytes that were there before (a resumed download) count as done, not as speed. Pure:
 * time comes in as an argument.
 */

/** Length of the time looked back on. */
const windowMs = 5_000;

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

export class TransferPace {
  readonly #startedMs: number;
  readonly #startBytes: number;
  #samples: readonly Sample[];

  /** `startBytes` are there already. */
  constructor(nowMs: number, startBytes = 0) {
    this.#startedMs = nowMs;
    this.#startBytes = startBytes;
    this.#samples = [{ atMs: nowMs, bytes: startBytes }];
  }

  /** `bytes` are done by now, those from before included. To be told now and then. */
  note(nowMs: number, bytes: number): void {
    const recent = this.#samples.filter(({ atMs }) => nowMs - atMs <= windowMs);
    // One sample from before the window stays, else there would be nothing to compare with after a stall.
    const older = this.#samples.at(-recent.length - 1);
    this.#samples = [...(older === undefined ? [] : [older]), ...recent, { atMs: nowMs, bytes }];
  }

  /** Bytes per second of late; 0 before anything is known. */
  get bytesPerSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
    return ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
  }

  /** Seconds until `totalBytes` are done at this pace; undefined when nothing moves. */
  secondsLeft(totalBytes: number): number | undefined {
    const rate = this.bytesPerSecond;
    const done = this.#samples.at(-1)?.bytes ?? 0;
    return rate > 0 ? Math.max(0, totalBytes - done) / rate : undefined;
  }

  /** Of the whole transfer: what was moved, how long it took, bytes per second. */
  summary(
    nowMs: number,
    bytes: number,
  ): { readonly movedBytes: number; readonly seconds: number; readonly rate: number } {
    const seconds = Math.max(nowMs - this.#startedMs, 1) / 1000;
    const movedBytes = bytes - this.#startBytes;
    return { movedBytes, seconds, rate: movedBytes / seconds };
  }
}
