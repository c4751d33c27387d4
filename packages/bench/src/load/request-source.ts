/** The requests of a run in their order, looked at one ahead. Several workers each take those whose keys are theirs. */
import { hashText, type WorkRequest } from '@sion/workload';

/** A request with its place in the whole run. */
export interface PlannedRequest {
  /** Of all workers' requests, from 0. */
  readonly index: number;
  /** Of the target's running time. In a closed loop 0: it is due when a lane is free. */
  readonly dueMs: number;
  readonly request: WorkRequest;
}

/** Which part of all requests is one worker's: those whose keys fall to it, so that each key's history is known to one. */
export interface WorkerShare {
  readonly index: number;
  readonly count: number;
}

export class RequestSource {
  readonly #requests: Iterator<PlannedRequest>;
  readonly #share: WorkerShare;
  #next: PlannedRequest | undefined;
  #isOver = false;

  constructor(requests: Iterable<PlannedRequest>, share: WorkerShare = { index: 0, count: 1 }) {
    this.#requests = requests[Symbol.iterator]();
    this.#share = share;
  }

  /** The next request; undefined when there are no more. */
  peek(): PlannedRequest | undefined {
    while (this.#next === undefined && !this.#isOver) {
      const { done, value } = this.#requests.next();
      if (done === true) this.#isOver = true;
      else if (isOfShare(value.request.key, this.#share)) this.#next = value;
    }
    return this.#next;
  }

  /** The next request is taken. */
  skip(): void {
    this.#next = undefined;
  }
}

export function isOfShare(key: string, { index, count }: WorkerShare): boolean {
  return count === 1 || hashText(key, 0x517cc1b7) % count === index;
}
