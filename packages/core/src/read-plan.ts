/**
 * Reading one fragment: which chunks to ask for, and when enough have come. "First d of d+p": any `dataChunks` of the
 * chunks give back all data. It asks the wanted chunks first and others only when one fails or is late, because every
 * ask costs an invocation and bytes. It decides only; it holds no bytes, no timers and sends nothing.
 *
 * Each chunk is in one state:
 *
 *     absent ──────────────┐                  (no node holds it)
 *     idle ── ask ──► asked ── onChunk ──► here
 *                       └── onFailure ──► gone
 *
 * | situation after an event                          | step                                                   |
 * |---------------------------------------------------|--------------------------------------------------------|
 * | every wanted chunk is here                        | finished: complete, without decoding                   |
 * | any `dataChunks` chunks are here                  | finished: complete, decode the wanted ones not here    |
 * | every wanted chunk is here or asked               | wait                                                   |
 * | a wanted one is gone or absent, enough others are | ask as many idle ones as make `dataChunks` with those  |
 * | not gone                                          | here and asked                                         |
 * | too few are left for that                         | finished: store, the wanted ones not here are missing  |
 *
 * The last row does not wait for wanted chunks that are still under way: the store must be asked anyway, one range of it
 * costs one request, and its answer takes longer than theirs.
 *
 * Two kinds of late nodes are foreseen. One that is known to be busy otherwise makes its chunks *doubtful*: as many others are
 * asked beside them from the start. One that keeps the read waiting when nearly all others have answered *lags*: others are
 * asked in its stead, as far as there are any. The store is not: it may be away, and the node come after all.
 *
 * Chunks may also come from elsewhere (the store, a buffer): `onChunk` takes any index at any time.
 */

/** What is to be read. Chunk indices: data first (0 … dataChunks−1), then parity. */
export interface FragmentReadOptions {
  readonly dataChunks: number;
  readonly parityChunks: number;
  /** Per chunk index the node that holds it; undefined = nobody does. Length `dataChunks + parityChunks`. */
  readonly places: readonly (number | undefined)[];
  /** Data chunk indices whose bytes are needed, at least one. */
  readonly wanted: readonly number[];
  /** Chunks whose bytes are at hand already, such as empty ones (all zeros). */
  readonly known?: readonly number[];
  /** Chunks whose nodes are busy with something else, and will likely be late. */
  readonly doubtful?: readonly number[];
}

/** How a fragment's read ended. */
export type FragmentReadEnd =
  /** The bytes are here; with `decode`, the wanted chunks that did not come must be rebuilt from any `dataChunks`. */
  | { readonly kind: 'complete'; readonly decode: boolean }
  /**
   * Memory cannot provide all: these wanted chunks must be read from the store, by range. It names every wanted chunk
   * that is not here, those under way included; one that comes after all may be used.
   */
  | { readonly kind: 'store'; readonly missing: readonly number[] };

/** What to do next. */
export interface FragmentReadStep {
  /** Chunk indices to ask their nodes for now; never one twice. */
  readonly ask: readonly number[];
  /** Set once, in the step that ends the read. */
  readonly finished?: FragmentReadEnd;
}

/** The state machine of one fragment's read. Events after the end, and repeated ones, change nothing. */
export interface FragmentRead {
  /** Call first, once. */
  start(): FragmentReadStep;
  /** The chunk's bytes are here and passed their checksum. */
  onChunk(index: number): FragmentReadStep;
  /** The chunk's node refused, failed or timed out, or its bytes were corrupt. */
  onFailure(index: number): FragmentReadStep;
  /** The hedge delay passed: as many idle chunks are asked as would do without any that is late now. */
  onHedge(): FragmentReadStep;
  /** So few wanted chunks are not here that they are worth replacing, and they take longer than all others did. */
  onLag(): FragmentReadStep;
  /** Whether few wanted chunks are not here: no more than parity could replace, and no more than have come. */
  isNearlyDone(): boolean;
  /** Wanted chunks that are not here, in order: what a store read that races memory would bring. */
  missing(): readonly number[];
  /** Chunks asked for that have not answered. */
  outstanding(): readonly number[];
}

type ChunkState = 'absent' | 'idle' | 'asked' | 'here' | 'gone';

/** Throws `RangeError` when the options contradict each other. */
export function createFragmentRead(options: FragmentReadOptions): FragmentRead {
  return new FragmentReadMachine(options);
}

class FragmentReadMachine implements FragmentRead {
  readonly #dataChunks: number;
  readonly #wanted: readonly number[];
  readonly #states: ChunkState[];
  /** Chunk indices in the order in which they are asked: wanted, other data, parity; of the others the doubtful ones last. */
  readonly #order: readonly number[];
  readonly #doubtful: ReadonlySet<number>;
  #ended = false;

  constructor(options: FragmentReadOptions) {
    assertOptions(options);
    this.#dataChunks = options.dataChunks;
    this.#wanted = [...new Set(options.wanted)].sort((a, b) => a - b);
    this.#states = options.places.map((node) => (node === undefined ? 'absent' : 'idle'));
    for (const index of options.known ?? []) this.#states[index] = 'here';
    const doubtful = new Set(options.doubtful);
    const others = [...this.#states.keys()];
    this.#doubtful = doubtful;
    this.#order = [...new Set([...this.#wanted, ...others.filter((index) => !doubtful.has(index)), ...others])];
  }

  start(): FragmentReadStep {
    const asked = this.#wanted.filter((index) => this.#states[index] === 'idle');
    const doubtful = asked.filter((index) => this.#doubtful.has(index)).length;
    const others = this.#order.filter(
      (index) => this.#states[index] === 'idle' && !asked.includes(index) && !this.#doubtful.has(index),
    );
    return this.#next([...asked, ...others.slice(0, doubtful)]);
  }

  onChunk(index: number): FragmentReadStep {
    this.#assertIndex(index);
    this.#states[index] = 'here';
    return this.#next([]);
  }

  onFailure(index: number): FragmentReadStep {
    this.#assertIndex(index);
    if (this.#states[index] !== 'here') this.#states[index] = 'gone';
    return this.#next([]);
  }

  onHedge(): FragmentReadStep {
    return this.#next(this.#idle(this.#dataChunks - this.#count('here')));
  }

  onLag(): FragmentReadStep {
    const others = [...this.#states.keys()].filter(
      (index) => this.#states[index] === 'asked' && !this.#wanted.includes(index),
    );
    return this.#next(this.#idle(this.missing().length - others.length));
  }

  isNearlyDone(): boolean {
    const late = this.missing().length;
    return late <= this.#states.length - this.#dataChunks && 2 * late <= this.#wanted.length;
  }

  missing(): readonly number[] {
    return this.#wanted.filter((index) => this.#states[index] !== 'here');
  }

  outstanding(): readonly number[] {
    return [...this.#states.keys()].filter((index) => this.#states[index] === 'asked');
  }

  /** Asks `first`, then goes by the table at the head of this module. */
  #next(first: readonly number[]): FragmentReadStep {
    if (this.#ended) return { ask: [] };
    if (this.missing().length === 0) return this.#end({ kind: 'complete', decode: false });
    if (this.#count('here') >= this.#dataChunks) return this.#end({ kind: 'complete', decode: true });
    this.#ask(first);
    if (this.missing().every((index) => this.#states[index] === 'asked')) return { ask: first };
    const underWay = this.#count('here') + this.#count('asked');
    if (underWay + this.#count('idle') >= this.#dataChunks) {
      const more = this.#idle(this.#dataChunks - underWay);
      this.#ask(more);
      return { ask: [...first, ...more] };
    }
    return this.#end({ kind: 'store', missing: this.missing() });
  }

  #end(finished: FragmentReadEnd): FragmentReadStep {
    this.#ended = true;
    return { ask: [], finished };
  }

  #ask(indices: readonly number[]): void {
    for (const index of indices) this.#states[index] = 'asked';
  }

  #idle(most: number): readonly number[] {
    return this.#order.filter((index) => this.#states[index] === 'idle').slice(0, Math.max(most, 0));
  }

  #count(state: ChunkState): number {
    let count = 0;
    for (const each of this.#states) if (each === state) count++;
    return count;
  }

  #assertIndex(index: number): void {
    if (this.#states[index] === undefined) throw new RangeError(`there is no chunk ${index} in this fragment`);
  }
}

function assertOptions({ dataChunks, parityChunks, places, wanted, known = [] }: FragmentReadOptions): void {
  const chunks = dataChunks + parityChunks;
  if (places.length !== chunks) throw new RangeError(`places must have ${chunks} entries, got ${places.length}`);
  if (wanted.length === 0) throw new RangeError('at least one chunk must be wanted');
  if (!wanted.every((index) => Number.isInteger(index) && index >= 0 && index < dataChunks)) {
    throw new RangeError(`wanted chunks must be in 0 … ${dataChunks - 1}, got ${wanted.join(', ')}`);
  }
  if (!known.every((index) => Number.isInteger(index) && index >= 0 && index < chunks)) {
    throw new RangeError(`known chunks must be in 0 … ${chunks - 1}, got ${known.join(', ')}`);
  }
}
