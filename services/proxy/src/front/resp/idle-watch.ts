/**
 * CONFIG SET timeout: closes connections whose clients ask nothing for so long. Off until it is set, as in Redis. A
 * connection with a command under way is not idle.
 */
import type { Clock, Timer } from '@sion/components';
import type { Clients } from './clients.ts';

const lookMs = 1000;

/** See the module. It sets a timer while it is on. */
export class IdleWatch {
  readonly #clock: Clock;
  readonly #clients: Clients;
  #timeoutSeconds = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, clients: Clients) {
    this.#clock = clock;
    this.#clients = clients;
  }

  get timeoutSeconds(): number {
    return this.#timeoutSeconds;
  }

  /** 0 = off. */
  set timeoutSeconds(seconds: number) {
    this.#timeoutSeconds = seconds;
    this.#timer?.cancel();
    this.#timer = seconds === 0 ? undefined : this.#schedule();
  }

  stop(): void {
    this.timeoutSeconds = 0;
  }

  #schedule(): Timer {
    return this.#clock.after(lookMs, () => {
      this.#timer = this.#schedule();
      const nowMs = this.#clock.monotonicMs();
      for (const { client, connection } of this.#clients.all()) {
        const isBusy = connection.heldBytes > 0 || connection.incompleteBytes > 0 || connection.unsentBytes > 0;
        if (!isBusy && nowMs - client.lastMs > this.#timeoutSeconds * 1000) connection.finish();
      }
    });
  }
}
