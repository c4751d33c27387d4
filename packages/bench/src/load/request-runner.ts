/**
 * Carries out one request after the other on lanes, verifies what is read, and tells the recorder. A failure is counted and
 * never repeated: what a user's request would have met is what is measured.
 */
import type { Clock } from '@sion/components';
import { Payload, type WorkOperation, type WorkRequest } from '@sion/workload';
import type { FinishedRequest, Recorder } from '../record/recorder.ts';
import type { Lane, PutBody, ReadRange } from '../target.ts';
import { ReadCheck, type ReadVerdict } from '../values/read-check.ts';
import type { ValueBook } from '../values/value-book.ts';
import { failureReason } from './failure-reason.ts';
import type { Lanes } from './lanes.ts';

/** A request whose payload is made, so that making it is not measured. */
export interface PreparedRequest {
  readonly request: WorkRequest;
  readonly version: number;
  readonly body: PutBody | undefined;
}

export interface RequestRunnerParts {
  readonly clock: Clock;
  readonly lanes: Lanes;
  readonly book: ValueBook;
  readonly recorder: Recorder;
}

/** Larger payloads are made piece by piece while they are sent. */
const maxPreparedBytes = 64 * 2 ** 20;

const writes: ReadonlySet<WorkOperation> = new Set(['put', 'insert', 'modify', 'fill']);

interface Ending {
  readonly bytes: number;
  readonly verdict?: ReadVerdict;
  /** The moment of the last byte, where judging what was read came after it. */
  readonly endedMs?: number;
}

export class RequestRunner {
  readonly #parts: RequestRunnerParts;
  /** Of the monotonic clock, where the target's running time is 0. */
  #originMs = 0;

  constructor(parts: RequestRunnerParts) {
    this.#parts = parts;
  }

  /** The target's running time is `atMs` now; it stands still between slices. */
  startAt(atMs: number): void {
    this.#originMs = this.#parts.clock.monotonicMs() - atMs;
  }

  /** The target's running time. */
  nowMs(): number {
    return this.#parts.clock.monotonicMs() - this.#originMs;
  }

  prepare(request: WorkRequest): PreparedRequest {
    const { book } = this.#parts;
    const { key, operation, sizeBytes } = request;
    if (operation === 'delete') return { request, version: book.reserveVersion(key), body: undefined };
    if (!writes.has(operation)) return { request, version: 0, body: undefined };
    const version = book.reserveVersion(key);
    const payload = new Payload({ key, version, sizeBytes });
    const bytes = sizeBytes <= maxPreparedBytes ? payload.slice(0, sizeBytes) : undefined;
    return { request, version, body: { payload, ...(bytes === undefined ? {} : { bytes }) } };
  }

  /** Resolves when the request has ended, well or badly. `dueMs` undefined: it is due when a lane is free (closed loop). */
  async run(prepared: PreparedRequest, dueMs: number | undefined): Promise<void> {
    const { lanes, recorder } = this.#parts;
    const noticedMs = this.nowMs();
    let lane: Lane;
    try {
      lane = await lanes.take();
    } catch (error) {
      const nowMs = this.nowMs();
      recorder.countSent(dueMs === undefined ? 0 : noticedMs - dueMs, nowMs - noticedMs);
      this.#end(prepared.request.operation, dueMs ?? noticedMs, noticedMs, { bytes: 0 }, failureReason(error));
      return;
    }
    const startedMs = this.nowMs();
    recorder.countSent(dueMs === undefined ? 0 : noticedMs - dueMs, dueMs === undefined ? 0 : startedMs - noticedMs);
    const isFine = await this.#carryOut(lane, prepared, dueMs ?? startedMs, startedMs);
    if (isFine) lanes.giveBack(lane);
    else lanes.discard(lane);
  }

  async #carryOut(lane: Lane, prepared: PreparedRequest, dueMs: number, startedMs: number): Promise<boolean> {
    const { operation } = prepared.request;
    // The read that follows a first write is a request of its own, due when the write has ended.
    const isFill = operation === 'fill';
    const first = isFill ? 'insert' : operation;
    try {
      this.#end(first, dueMs, startedMs, await this.#perform(lane, prepared, first));
    } catch (error) {
      this.#end(first, dueMs, startedMs, { bytes: 0 }, failureReason(error));
      return false;
    }
    if (!isFill) return true;
    const againMs = this.nowMs();
    this.#parts.recorder.countFollowUp();
    const second = prepared.request.range === undefined ? 'get' : 'range';
    try {
      this.#end(second, againMs, againMs, await this.#perform(lane, prepared, second));
      return true;
    } catch (error) {
      this.#end(second, againMs, againMs, { bytes: 0 }, failureReason(error));
      return false;
    }
  }

  #end(operation: WorkOperation, dueMs: number, startedMs: number, ending: Ending, failure?: string): void {
    const finished: FinishedRequest = { operation, dueMs, startedMs, endedMs: this.nowMs(), ...ending };
    this.#parts.recorder.countEnd(failure === undefined ? finished : { ...finished, failure });
  }

  async #perform(lane: Lane, prepared: PreparedRequest, operation: WorkOperation): Promise<Ending> {
    const { request, version, body } = prepared;
    const { key } = request;
    switch (operation) {
      case 'get':
        return this.#read(lane, key, undefined);
      case 'range':
        return this.#read(lane, key, this.#rangeOf(request));
      case 'head':
        return this.#head(lane, key);
      case 'modify': {
        const { verdict } = await this.#read(lane, key, undefined);
        const written = await this.#write(lane, key, version, body);
        return verdict === undefined ? written : { ...written, verdict };
      }
      case 'put':
      case 'insert':
      case 'fill':
      case 'delete':
        return this.#write(lane, key, version, body);
    }
  }

  async #write(lane: Lane, key: string, version: number, body: PutBody | undefined): Promise<Ending> {
    const { book } = this.#parts;
    const sizeBytes = body?.payload.sizeBytes;
    const ticket = book.beginWrite(key, version, sizeBytes);
    await (body === undefined ? lane.delete(key) : lane.put(key, body));
    book.endWrite(ticket);
    return { bytes: sizeBytes ?? 0 };
  }

  async #read(lane: Lane, key: string, range: ReadRange | undefined): Promise<Ending> {
    const { book } = this.#parts;
    const ticket = book.beginRead(key);
    try {
      const check = new ReadCheck(key, range, () => book.candidates(ticket));
      const found = await lane.get(key, range, check.take);
      const endedMs = this.nowMs();
      return { bytes: check.bytes, verdict: check.judge(found, book.past(ticket)), endedMs };
    } finally {
      book.endRead(ticket);
    }
  }

  async #head(lane: Lane, key: string): Promise<Ending> {
    const { book } = this.#parts;
    const ticket = book.beginRead(key);
    try {
      const sizeBytes = await lane.head(key);
      const isIt = (value: { readonly sizeBytes: number | undefined }) => value.sizeBytes === sizeBytes;
      if (book.candidates(ticket).some(isIt))
        return { bytes: 0, verdict: sizeBytes === undefined ? 'absent' : 'right' };
      if (sizeBytes === undefined) return { bytes: 0, verdict: 'miss' };
      return { bytes: 0, verdict: book.past(ticket).some(isIt) ? 'stale' : 'wrong' };
    } finally {
      book.endRead(ticket);
    }
  }

  /** Within what the object has, as far as is known. */
  #rangeOf({ key, range, part }: WorkRequest): ReadRange | undefined {
    const sizeBytes = this.#parts.book.sizeOf(key) ?? 0;
    if (sizeBytes === 0) return undefined;
    if (part !== undefined) {
      const start = Math.floor(part.at * Math.max(1, sizeBytes - part.bytes + 1));
      return { start, end: Math.min(sizeBytes, start + part.bytes) };
    }
    const start = Math.min(range?.start ?? 0, sizeBytes - 1);
    return { start, end: Math.max(start + 1, Math.min(range?.end ?? sizeBytes, sizeBytes)) };
  }
}
