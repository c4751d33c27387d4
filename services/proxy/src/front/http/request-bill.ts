/**
 * What one HTTP request has caused, in counts and dollars at list prices: its requests to the store, and the time for
 * which functions worked for it. An estimate by nature: a session also lingers, and is invoked, for others; the whole bill
 * is in the metrics.
 */
import type { PricedStoreOperation } from '@sion/core';
import type { RequestAccount } from '../../objects/request-account.ts';

/** List prices, in dollars. */
export interface RequestPrices {
  /** Per request; zero for a directory. */
  readonly store: Readonly<Record<PricedStoreOperation, number>>;
  /** Of one function. */
  readonly nodeUsdPerMs: number;
}

/** See the module. */
export class RequestBill implements RequestAccount {
  readonly #prices: RequestPrices;
  readonly #nodes = new Set<number>();
  #storeRequests = 0;
  #storeUsd = 0;
  #nodeMs = 0;

  constructor(prices: RequestPrices) {
    this.#prices = prices;
  }

  noteStoreRequest(operation: PricedStoreOperation, share: number): void {
    this.#storeRequests += 1;
    this.#storeUsd += this.#prices.store[operation] * share;
  }

  noteNode(node: number, ms: number): void {
    this.#nodes.add(node);
    this.#nodeMs += ms;
  }

  /** Those that were shared with other requests count in full. */
  get storeRequests(): number {
    return this.#storeRequests;
  }

  /** Functions that have answered so far. */
  get nodes(): number {
    return this.#nodes.size;
  }

  /** Dollars; `covered` is the part (0, 1] of the answer that function time was noted for so far. */
  usd(covered = 1): number {
    return this.#storeUsd + (this.#nodeMs / covered) * this.#prices.nodeUsdPerMs;
  }
}
