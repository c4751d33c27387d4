/**
 * What network, store, Lambda and disk of a simulated world do from moment to moment: delays, and the faults that come
 * by themselves. Everything is drawn from the seed, and each fault that came is counted by its kind.
 */
import type {
  DiskRequest,
  DiskWeather,
  NetworkWeather,
  RemoteStoreRequest,
  StoreFate,
  StoreWeather,
} from '@sion/components';
import type { InvocationFate, LambdaWeather } from '@sion/emulator';
import { SeededRandom } from '@sion/workload';
import { type Climate, drawClimate } from './climate.ts';

export class Weather {
  readonly climate: Climate;
  readonly counts = new Map<string, number>();
  /** Faults so far. */
  faults = 0;
  /** Nothing goes wrong any more by itself. */
  isCalm = false;
  /** Every request to the store is refused. */
  isStoreDown = false;
  /** Every invocation is throttled. */
  isThrottled = false;
  /** Multiplies what the store takes. */
  storeSlowness = 1;
  readonly #random: SeededRandom;

  constructor(seed: string) {
    this.#random = new SeededRandom(`${seed} weather`);
    this.climate = drawClimate(this.#random);
  }

  /** Something is wrong at present that lasts. */
  get isFoul(): boolean {
    return this.isStoreDown || this.isThrottled || this.storeSlowness > 1;
  }

  readonly network: NetworkWeather = {
    latencyMs: () => this.#between(0.1, 2),
    bytesPerMs: () => 5000 + this.#random.integer(95_000),
    pieceBytes: () => (this.#random.integer(20) === 0 ? 1 + this.#random.integer(64) : 65_536),
    dialling: () => {
      if (this.#falls('dial refused', this.climate.dialRefused)) return 'refused';
      return this.#falls('dial unanswered', this.climate.dialSilent) ? 'silence' : 'connected';
    },
    mourning: () => (this.#falls('death that nobody hears of', this.climate.silentDeaths) ? 'silence' : 'reset'),
  };

  readonly store: StoreWeather = {
    transitMs: () => this.#between(1, 15) * (this.isCalm ? 1 : this.storeSlowness),
    fate: (request) => this.#storeFate(request),
    timeoutMs: () => this.#between(2000, 5000),
    lateMs: () => this.#between(0, 60_000),
    breaksOff: () => this.#falls('store body cut', this.climate.bodyBreaks),
    corrupts: () => false,
  };

  /** As the store is to a node, which checks every chunk that it loads. */
  readonly storeOfNodes: StoreWeather = {
    ...this.store,
    corrupts: () => this.#falls('store body with a wrong bit', this.climate.bodyCorrupt),
  };

  readonly lambda: LambdaWeather = {
    transitMs: () => this.#between(1, 10),
    timeoutMs: () => this.#between(1000, 20_000),
    lateMs: () => this.#between(1000, 15_000),
    fate: () => this.#invocationFate(),
  };

  readonly disk: DiskWeather = {
    requestMs: () => this.#between(0.1, 20),
    fails: (request) => this.#falls(diskFaultOf(request), this.climate.diskFails),
    keptBytes: (most) => this.#random.integer(most + 1),
  };

  /** Notes a fault of this kind. */
  count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.faults++;
  }

  #storeFate(request: RemoteStoreRequest): StoreFate {
    const { climate } = this;
    if (this.isStoreDown) {
      this.count('store request during an outage');
      return 'refused';
    }
    if (this.isCalm) return 'served';
    switch (request) {
      case 'abort':
        return this.#falls('upload left behind', climate.uploadLeft) ? 'refused' : 'served';
      case 'upload':
        if (this.#falls('upload step refused', climate.uploadStepRefused)) return 'refused';
        return this.#falls('upload step, reply lost', climate.uploadStepUnheard) ? 'lost-reply' : 'served';
      case 'put':
      case 'commit':
      case 'metadata':
      case 'delete':
        return this.#writeFate(request);
      case 'head':
      case 'get':
      case 'list':
        if (this.#falls('store read refused', climate.storeRefused)) return 'refused';
        return this.#falls('store read, reply lost', climate.storeReadUnheard) ? 'lost-reply' : 'served';
    }
  }

  #writeFate(request: 'put' | 'commit' | 'metadata' | 'delete'): StoreFate {
    const { storeRefused, storeWriteUnheard, storeWriteLate, storeDeleteLate } = this.climate;
    const isDelete = request === 'delete';
    const what = isDelete ? 'delete' : 'write';
    if (this.#falls(`store ${what} refused`, isDelete ? 2 * storeRefused : storeRefused)) return 'refused';
    const unheard = isDelete ? 3 * storeWriteUnheard : storeWriteUnheard;
    if (this.#falls(`store ${what}, reply lost`, unheard)) return 'lost-reply';
    return this.#falls(`store ${what} landed late`, isDelete ? storeDeleteLate : storeWriteLate) ? 'late' : 'served';
  }

  #invocationFate(): InvocationFate {
    const { climate } = this;
    if (this.isThrottled && !this.isCalm) {
      this.count('invocation throttled');
      return 'throttled';
    }
    if (this.#falls('invocation throttled', climate.invocationThrottled)) return 'throttled';
    if (this.#falls('invocation without answer', climate.invocationUnheard)) return 'lost';
    if (this.#falls('invocation twice', climate.invocationTwice)) return 'twice';
    if (this.#falls('invocation late', climate.invocationLate)) return 'late';
    if (this.#falls('invocation answered late', climate.invocationAnsweredLate)) return 'answered-late';
    return this.#falls('invocation unavailable', climate.invocationUnavailable) ? 'unavailable' : 'answered';
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

function diskFaultOf(request: DiskRequest): string {
  return request === 'append' || request === 'sync' ? `disk ${request} failed` : 'disk request failed';
}
