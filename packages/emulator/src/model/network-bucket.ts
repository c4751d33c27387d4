/**
 * How fast bytes pass between an instance and the world: a token bucket, which gives a burst first and then a sustained
 * rate, behind a line that is never faster than the peak. One bucket takes the bytes of both directions, because what was
 * measured of Lambda is one figure per instance; where AWS counts them apart, an instance here is slower and never faster.
 *
 * It knows no clock: the caller passes the time, which never goes back. Who comes first passes first.
 */
import type { Figures } from './figures.ts';

/** The figures of an instance's network. */
export type NetworkFigures = Pick<Figures, 'networkBytesPerSecond' | 'networkBurstBytes' | 'networkPeakBytesPerSecond'>;

/** No limit at all. */
export const unlimitedNetwork: NetworkFigures = {
  networkBytesPerSecond: 0,
  networkBurstBytes: 0,
  networkPeakBytesPerSecond: 0,
};

export class NetworkBucket {
  /** What passes in a millisecond, as a measure of what may be booked at once without keeping others waiting. */
  readonly pieceBytes: number;
  readonly #bytesPerMs: number;
  readonly #burstBytes: number;
  readonly #peakBytesPerMs: number;
  /** Below 0: booked, and not paid for yet. */
  #tokens: number;
  #atMs: number | undefined;
  /** When the line has carried all that was booked. */
  #lineFreeMs = 0;

  constructor(figures: NetworkFigures) {
    this.#bytesPerMs = perMs(figures.networkBytesPerSecond);
    this.pieceBytes = Math.max(1, Math.ceil(this.#bytesPerMs));
    this.#peakBytesPerMs = perMs(figures.networkPeakBytesPerSecond);
    this.#burstBytes = figures.networkBurstBytes;
    this.#tokens = figures.networkBurstBytes;
  }

  /** Books so many bytes and gives the milliseconds until the last of them has passed; 0 when they may pass at once. */
  take(nowMs: number, bytes: number): number {
    const elapsedMs = nowMs - (this.#atMs ?? nowMs);
    this.#atMs = nowMs;
    if (this.#bytesPerMs === Number.POSITIVE_INFINITY) return 0;
    this.#tokens = Math.min(this.#burstBytes, this.#tokens + elapsedMs * this.#bytesPerMs) - bytes;
    this.#lineFreeMs = Math.max(nowMs, this.#lineFreeMs) + bytes / this.#peakBytesPerMs;
    return Math.max(0, -this.#tokens / this.#bytesPerMs, this.#lineFreeMs - nowMs);
  }
}

/** 0 stands for no limit. */
function perMs(bytesPerSecond: number): number {
  return bytesPerSecond === 0 ? Number.POSITIVE_INFINITY : bytesPerSecond / 1000;
}
