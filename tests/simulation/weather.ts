/**
 * What network, store, Lambda and disk of a simulated world do from moment to moment: delays, and the faults that come
 * by themselves. Everything is drawn from the seed, and each fault that came is counted by its kind.
 */
import type { DiskWeather, NetworkWeather, StoreFate, StoreWeather, VirtualStoreRequest } from '@sion/components';
import type { LambdaWeather } from '@sion/emulator';
import { SeededRandom } from '@sion/workload';

/** How often what goes wrong, as shares of requests; drawn per seed, so that seeds differ in character. */
export interface Climate {
  readonly storeRefused: number;
  readonly storeLostReply: number;
  readonly storeLate: number;
  readonly bodyBreaks: number;
  readonly invocationLost: number;
  readonly invocationTwice: number;
  readonly invocationUnavailable: number;
  readonly dialRefused: number;
  readonly dialSilent: number;
  readonly diskFails: number;
  readonly silentDeaths: number;
}

export function drawClimate(random: SeededRandom): Climate {
  const upTo = (most: number) => (random.integer(3) === 0 ? 0 : random.double() * most);
  return {
    storeRefused: upTo(0.03),
    storeLostReply: upTo(0.02),
    storeLate: upTo(0.03),
    bodyBreaks: upTo(0.01),
    invocationLost: upTo(0.02),
    invocationTwice: upTo(0.02),
    invocationUnavailable: upTo(0.03),
    dialRefused: upTo(0.02),
    dialSilent: upTo(0.01),
    diskFails: upTo(0.02),
    silentDeaths: random.double() * 0.5,
  };
}

export class Weather {
  readonly climate: Climate;
  readonly counts = new Map<string, number>();
  /** Nothing goes wrong any more. */
  isCalm = false;
  /** Every request to the store is refused. */
  isStoreDown = false;
  /** Multiplies what the store takes. */
  storeSlowness = 1;
  readonly #random: SeededRandom;

  constructor(seed: string) {
    this.#random = new SeededRandom(`${seed} weather`);
    this.climate = drawClimate(this.#random);
  }

  readonly network: NetworkWeather = {
    latencyMs: () => this.#between(0.1, 2),
    bytesPerMs: () => 5000 + this.#random.integer(95_000),
    pieceBytes: () => (this.#random.integer(20) === 0 ? 1 + this.#random.integer(64) : 65_536),
    dialling: () => {
      if (this.#falls('dial refused', this.climate.dialRefused)) return 'refused';
      return this.#falls('dial unanswered', this.climate.dialSilent) ? 'silence' : 'connected';
    },
    mourning: () => (this.#falls('silent death', this.climate.silentDeaths) ? 'silence' : 'reset'),
  };

  readonly store: StoreWeather = {
    transitMs: () => this.#between(1, 15) * (this.isCalm ? 1 : this.storeSlowness),
    fate: (request) => this.#storeFate(request),
    timeoutMs: () => this.#between(2000, 5000),
    lateMs: () => this.#between(0, 60_000),
    breaksOff: () => this.#falls('store body broken off', this.climate.bodyBreaks),
  };

  readonly lambda: LambdaWeather = {
    transitMs: () => this.#between(1, 10),
    timeoutMs: () => this.#between(1000, 20_000),
    fate: () => {
      if (this.#falls('invocation lost', this.climate.invocationLost)) return 'lost';
      if (this.#falls('invocation twice', this.climate.invocationTwice)) return 'twice';
      return this.#falls('invocation unavailable', this.climate.invocationUnavailable) ? 'unavailable' : 'answered';
    },
  };

  readonly disk: DiskWeather = {
    requestMs: () => this.#between(0.1, 20),
    fails: (request) => this.#falls(`disk failure: ${request}`, this.climate.diskFails),
    keptBytes: (most) => this.#random.integer(most + 1),
  };

  /** Notes a fault of this kind. */
  count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  #storeFate(request: VirtualStoreRequest): StoreFate {
    if (this.isCalm) return 'served';
    if (this.isStoreDown) {
      this.count('store down');
      return 'refused';
    }
    if (this.#falls('store refused', this.climate.storeRefused)) return 'refused';
    const isWrite = request === 'put' || request === 'commit' || request === 'metadata' || request === 'delete';
    if (this.#falls(isWrite ? 'store write, reply lost' : 'store read, reply lost', this.climate.storeLostReply)) {
      return 'lost-reply';
    }
    return isWrite && this.#falls('store write landed late', this.climate.storeLate) ? 'late' : 'served';
  }

  #falls(kind: string, share: number): boolean {
    if (this.isCalm || this.#random.double() >= share) return false;
    this.count(kind);
    return true;
  }

  #between(least: number, most: number): number {
    return least + this.#random.double() * (most - least);
  }
}
