/**
 * Finds clients that stand still: in the middle of a command, or before answers that they do not read. Such a client
 * may hold memory and an upload that others could use, so after a time it is cut. A client between commands owes
 * nothing, however long it idles.
 */
import type { Clock, Timer } from '@sion/components';

/** A connection as the watch sees it. */
export interface Watched {
  /** Grows with every byte that moves either way; undefined = nothing is awaited of the client. */
  readonly owedProgress: number | undefined;
  /** It has not moved for the whole time. */
  onStalled(): void;
}

interface Mark {
  readonly progress: number;
  readonly sinceMs: number;
}

/** Looks this often within the time that is allowed; that much later, at worst, a client is cut. */
const looksPerStall = 4;

/** See the module. It sets a timer while there is something to watch. */
export class StallWatch {
  readonly #clock: Clock;
  #stallMs: number;
  readonly #marks = new Map<Watched, Mark | undefined>();
  #timer: Timer | undefined;

  constructor(clock: Clock, stallMs: number) {
    this.#clock = clock;
    this.#stallMs = stallMs;
  }

  /** Another time from the next look on. */
  set stallMs(ms: number) {
    this.#stallMs = ms;
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = this.#schedule();
  }

  add(watched: Watched): void {
    this.#marks.set(watched, undefined);
    this.#timer ??= this.#schedule();
  }

  remove(watched: Watched): void {
    this.#marks.delete(watched);
    if (this.#marks.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(): Timer {
    return this.#clock.after(Math.ceil(this.#stallMs / looksPerStall), () => {
      this.#timer = this.#schedule();
      for (const [watched, mark] of [...this.#marks]) this.#look(watched, mark);
    });
  }

  #look(watched: Watched, mark: Mark | undefined): void {
    const progress = watched.owedProgress;
    const nowMs = this.#clock.monotonicMs();
    if (progress === undefined) this.#marks.set(watched, undefined);
    else if (progress !== mark?.progress) this.#marks.set(watched, { progress, sinceMs: nowMs });
    else if (nowMs - mark.sinceMs >= this.#stallMs) watched.onStalled();
  }
}
