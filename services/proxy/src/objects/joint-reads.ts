/**
 * Reads of one cold object at a time, made one request to the store: who comes while another's request is under way waits for
 * its answer, and gets the same bytes (`joint-body.ts`). Only reads of whole objects; parts are asked for by themselves.
 *
 * Must never give a read what was true only before it began. So one may join
 *
 * | a request                                       | when                                                         |
 * |-------------------------------------------------|--------------------------------------------------------------|
 * | for whatever the key has, not yet answered      | nobody has learned anything of the key since it was sent: no  |
 * |                                                 | write of it has begun, no other lookup of it has ended       |
 * | for one version, or answered with one           | that is the version that the read was going to ask for       |
 *
 * In the first case the answer could as well have been the read's own. In the second the bytes are: a version's never change.
 *
 * What is kept for readers that may come is taken from the byte budget, and only what nobody waits for; without it, each read
 * asks for itself.
 */
import type { GetOutcome } from '@sion/components';
import type { ByteBudget } from './byte-budget.ts';
import { type CountedBody, JointBody, type ReadRest } from './joint-body.ts';
import type { Entry, Lookup } from './knowledge.ts';

export interface JointReadsOptions {
  readonly budget: ByteBudget;
  /** Bytes of one object that are kept for who comes later, and for who reads more slowly; 0 = every read is its own. */
  readonly mostBytes: number;
}

/** Of the budget, what may be kept for joint reads. */
const mostShare = 1 / 8;

/** What the store has said, and what is believed of it. */
export interface StoreAnswer {
  readonly got: GetOutcome;
  readonly entry: Entry | undefined;
  /** As `Lookup` says, when it has ended. */
  readonly isValid: boolean;
  readonly isBlind: boolean;
}

/** What a request asks for: whatever the key has (a lookup), or one version of it. */
export type Asked = { readonly lookup: Lookup } | { readonly etag: string };

/** A request under way, as one of its readers sees it. Each calls `take` once, whatever the answer is. */
export interface JointRead {
  /** Rejects as the request does, for all of its readers; then there is nothing to take. */
  readonly answer: Promise<StoreAnswer>;
  /** The body, where the answer has one; `undefined` when it is not to be had any more. `readRest` undefined = not wanted. */
  take(readRest: ReadRest | undefined): CountedBody | undefined;
}

interface Flight {
  readonly asked: Asked;
  readonly answer: Promise<StoreAnswer>;
  /** Readers that have not taken yet. */
  expected: number;
  answeredEtag: string | undefined;
  isAnswered: boolean;
  body: JointBody | undefined;
}

export class JointReads {
  readonly #options: JointReadsOptions;
  /** The latest request of each object that others may join. */
  readonly #flights = new Map<string, Flight>();
  #reservedBytes = 0;

  constructor(options: JointReadsOptions) {
    this.#options = options;
  }

  /** Joins a request for the object that is under way, or sends one. */
  read(name: string, asked: Asked, ask: () => Promise<StoreAnswer>): JointRead {
    return this.join(name, 'etag' in asked ? asked : {}) ?? this.#begin(name, asked, ask);
  }

  /** A request that a read may join which was going to ask for this; without an `etag`, for whatever the key has. */
  join(name: string, asked: { readonly etag?: string }): JointRead | undefined {
    const flight = this.#options.mostBytes === 0 ? undefined : this.#flights.get(name);
    if (flight === undefined || !mayJoin(flight, asked.etag)) return undefined;
    if (flight.body === undefined) flight.expected++;
    else flight.body.expect();
    return this.#readOf(flight, false);
  }

  #begin(name: string, asked: Asked, ask: () => Promise<StoreAnswer>): JointRead {
    const answer = ask();
    const flight: Flight = {
      ...{ asked, answer, expected: 1, answeredEtag: undefined, isAnswered: false, body: undefined },
    };
    this.#flights.set(name, flight);
    const land = () => {
      if (this.#flights.get(name) === flight) this.#flights.delete(name);
    };
    flight.answer.then(
      ({ got }) => this.#answered(flight, got, land),
      () => land(),
    );
    return this.#readOf(flight, true);
  }

  #answered(flight: Flight, got: GetOutcome, land: () => void): void {
    flight.isAnswered = true;
    if (got.kind !== 'hit') return land();
    flight.answeredEtag = got.object.etag;
    const giveBack = this.#reserve(Math.min(got.object.sizeBytes, this.#options.mostBytes));
    if (giveBack === undefined) land();
    flight.body = new JointBody({
      body: got.body,
      mostBytes: giveBack === undefined ? 0 : this.#options.mostBytes,
      expected: flight.expected,
      onLonely: () => {
        land();
        giveBack?.();
      },
    });
  }

  /** Undefined when there is no memory that nobody waits for. */
  #reserve(bytes: number): (() => void) | undefined {
    const { budget } = this.#options;
    if (this.#reservedBytes + bytes > budget.totalBytes * mostShare || !budget.tryAcquire(bytes)) return undefined;
    this.#reservedBytes += bytes;
    let isReserved = true;
    return () => {
      if (!isReserved) return;
      isReserved = false;
      this.#reservedBytes -= bytes;
      budget.release(bytes);
    };
  }

  #readOf(flight: Flight, isFirst: boolean): JointRead {
    return {
      answer: flight.answer,
      take: (readRest) => {
        const { body } = flight;
        if (body === undefined || readRest === undefined) {
          body?.renounce();
          return undefined;
        }
        return body.join(readRest, isFirst);
      },
    };
  }
}

function mayJoin({ asked, answeredEtag, isAnswered, body }: Flight, etag: string | undefined): boolean {
  if (body !== undefined) return body.isOpen && etag === answeredEtag;
  if (isAnswered) return false;
  if ('etag' in asked) return etag === asked.etag;
  return etag === undefined && asked.lookup.valid && asked.lookup.isFresh;
}
