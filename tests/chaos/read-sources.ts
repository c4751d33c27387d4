/**
 * Where the bytes of reads came from, summed over the lives of proxies: each counts from its start, and a killed one
 * takes along what it has counted since it was last asked.
 */
import type { ProxyStatus } from '@sion/proxy';

type Gets = ProxyStatus['totals']['gets'];

export class ReadSources {
  readonly #byEpoch = new Map<number, Gets>();

  add({ epoch, totals }: ProxyStatus): void {
    this.#byEpoch.set(epoch, totals.gets);
  }

  get totals(): Readonly<Record<string, number>> {
    const totals: Record<string, number> = {};
    for (const gets of this.#byEpoch.values()) {
      for (const [source, count] of Object.entries(gets)) {
        if (count > 0) totals[source] = (totals[source] ?? 0) + count;
      }
    }
    return totals;
  }

  /** How many proxies there have been. */
  get lives(): number {
    return this.#byEpoch.size;
  }
}
