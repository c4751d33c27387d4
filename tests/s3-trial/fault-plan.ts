/**
 * Which requests of a trial go wrong, and how: decided by the seed, the operation, the key and how many of its kind came
 * before, so that the same seed brings the same faults, however the machine orders what runs side by side.
 */
import { SeededRandom } from '@sion/workload';
import type { S3Fault } from '../s3-server/faults.ts';
import type { S3Call, S3Operation } from '../s3-server/s3-call.ts';

const changes: ReadonlySet<S3Operation> = new Set([
  'PutObject',
  'CopyObject',
  'DeleteObject',
  'CompleteMultipartUpload',
  'UploadPart',
]);

/** `certain`: only what leaves no doubt about what happened. */
export type FaultTheme = 'certain' | 'any';

export class FaultPlan {
  readonly #seed: number;
  readonly #theme: FaultTheme;
  readonly #counts = new Map<string, number>();
  /** Lets the requests go on that were held up; `late` ones land then. */
  readonly #held: (() => void)[] = [];
  /** No more faults. */
  isCalm = false;
  /** No more faults after which nobody knows. */
  isCertain = false;

  constructor(seed: number, theme: FaultTheme) {
    this.#seed = seed;
    this.#theme = theme;
  }

  /** What was held up goes on. */
  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  faultOf({ operation, key }: S3Call): S3Fault | undefined {
    const name = key.includes('/.sion/uploads/') ? 'uploads' : (key.split('/').at(-1) ?? '');
    const kind = `${operation} ${name}`;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    // A trial of conditions ends with the first failure; it is tried elsewhere.
    if (this.isCalm || key.includes('/.sion/probe')) return undefined;
    const random = new SeededRandom(`${this.#seed} ${kind} ${count}`);
    if (random.double() >= 0.3) return undefined;
    const isUncertain = this.#theme === 'any' && !this.isCertain;
    const possible = [
      ...refusals,
      ...(operation === 'GetObject' ? bodyFaults : []),
      ...(isUncertain && changes.has(operation) ? this.#uncertain() : []),
    ];
    const fault = possible[random.integer(possible.length)];
    return typeof fault === 'function' ? fault(random) : fault;
  }

  #uncertain(): readonly (S3Fault | ((random: SeededRandom) => S3Fault))[] {
    return [
      { kind: 'lose' },
      { kind: 'lose' },
      { kind: 'fail', status: 500, code: 'InternalError' },
      { kind: 'refuse', status: 500, code: 'InternalError' },
      { kind: 'cut' },
      { kind: 'hold', when: 'after' },
      (random) => ({ kind: 'cut-upload', afterBytes: random.integer(2000) }),
      () => ({ kind: 'late', until: new Promise<void>((resolve) => this.#held.push(resolve)) }),
    ];
  }
}

const refusals: readonly S3Fault[] = [
  { kind: 'refuse', status: 503, code: 'SlowDown' },
  { kind: 'refuse', status: 503, code: 'SlowDown' },
];

const bodyFaults: readonly (S3Fault | ((random: SeededRandom) => S3Fault))[] = [
  { kind: 'slow-body' },
  (random) => ({ kind: 'cut-body', afterBytes: random.integer(4000) }),
];
