/**
 * Whether a node may have lost what it held: its last session ended other than by END, so its instance may be gone. Then the
 * node is asked again by itself (a session under the cause `recovery`): a loss is found, and its recovery begins, without
 * waiting for the next request. It is asked when the pause after the failure is over, so through the one backoff and the
 * one budget that retries have; once the pauses have reached their ceiling it is left alone until somebody wants something
 * of it. A function that cannot be reached for that long has said nothing of its memory, and asking on would only cost.
 */
import { type BackoffSettings, backoffCeilingMs } from '@sion/core';
import type { InvocationEnd } from './invoker.ts';

/** One node's. */
export class Doubt {
  readonly #backoff: BackoffSettings;
  #isRaised = false;

  constructor(backoff: BackoffSettings) {
    this.#backoff = backoff;
  }

  /** A session is over that did not end as it should; `hadHello` says whether an instance had shown itself. */
  raise(event: InvocationEnd['event'], hadHello: boolean): void {
    // What was throttled or refused never ran, and has taken nothing with it.
    if (event === 'returned' || event === 'failed' || hadHello) this.#isRaised = true;
  }

  /** An instance has said what it holds. */
  settle(): void {
    this.#isRaised = false;
  }

  /** After `failures` in a row, the node is to be asked what it still holds of its `chunks`. */
  mustAsk(failures: number, chunks: number): boolean {
    if (!this.#isRaised || chunks === 0) return false;
    return failures === 0 || backoffCeilingMs(failures, this.#backoff) < this.#backoff.maxMs;
  }
}
