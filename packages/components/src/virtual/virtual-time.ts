/**
 * Virtual time: what happens in a simulated world, one thing after the other in the order of its times. Whatever code
 * makes ready by one event is carried out before the next one comes up, so the same seed always gives the same run.
 *
 * Must never: look at a real clock, or let two events take effect at once.
 */
import { Agenda, type AgendaEntry } from './agenda.ts';

/** The least time that passes when any does, in milliseconds: less would be lost in the sum, and time stand still. */
const tickMs = 0.001;

/**
 * Events in one turn of the process's own loop, which has a cost of its own. Each is a macrotask: all promises that can settle
 * by themselves have, before the next one comes up.
 */
const eventsPerTurn = 64;

export class VirtualTime {
  readonly #agenda = new Agenda<() => void>();
  #nowMs = 0;
  /** Events so far. */
  events = 0;

  /** Milliseconds since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Lets `happen` come up `delayMs` from now, after everything that is due at the same time already. */
  after(delayMs: number, happen: () => void): AgendaEntry<() => void> {
    return this.#agenda.add(this.#nowMs + (delayMs > 0 ? Math.max(tickMs, delayMs) : 0), happen);
  }

  /**
   * Lets events happen until `isOver`, asked after each of them. Gives false when nothing is left to happen, or `untilMs`
   * is reached, before that.
   */
  run(isOver: () => boolean, untilMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let isEnded = false;
      const step = () => {
        if (isEnded) return;
        try {
          const isGoingOn = !isOver() && this.#letHappen(untilMs);
          if (isGoingOn) return;
          isEnded = true;
          resolve(isOver());
        } catch (thrown) {
          isEnded = true;
          reject(thrown);
        }
      };
      const turn = () => {
        if (isEnded) return;
        for (let count = 0; count < eventsPerTurn; count++) setImmediate(step);
        setImmediate(turn);
      };
      turn();
    });
  }

  /** The next event; false when there is none by then. */
  #letHappen(untilMs: number): boolean {
    const due = this.#agenda.takeDue(untilMs);
    if (due === undefined) {
      if (untilMs < Number.POSITIVE_INFINITY) this.#nowMs = Math.max(this.#nowMs, untilMs);
      return false;
    }
    this.#nowMs = Math.max(this.#nowMs, due.atMs);
    this.events++;
    due.what();
    return true;
  }

  /** When the next event is due. */
  get nextMs(): number | undefined {
    return this.#agenda.nextMs();
  }
}
