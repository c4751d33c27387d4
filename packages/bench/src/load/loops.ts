/**
 * The two ways in which load is made. **Open loop**: each request is sent when it is due, whatever became of those before it,
 * as users do; a target that stalls finds them all waiting. **Closed loop**: so many lanes, each sending its next request
 * when the last one is answered; a target that stalls is asked less, so its response times flatter it.
 */
import type { Clock } from '@sion/components';
import type { PreparedRequest, RequestRunner } from './request-runner.ts';
import type { RequestSource } from './request-source.ts';

/** Where a slice of a run ends, whichever comes first. */
export interface SliceEnd {
  /** Of the target's running time. */
  readonly untilMs: number;
  /** Requests since the beginning of the run. */
  readonly untilRequests: number;
}

export interface LoopParts {
  readonly clock: Clock;
  readonly runner: RequestRunner;
  readonly source: RequestSource;
  /** Ends the run: nothing more is sent. */
  readonly signal: AbortSignal;
  /**
   * The last so many milliseconds before a request is due are waited for by looking at the clock at each turn, because timers
   * are up to a millisecond late. 0 = by timers alone.
   */
  readonly spinMs: number;
}

/** How long after the end of a run that was broken off its last requests are waited for. */
const graceMs = 3_000;
/** So many requests that are overdue are sent before answers get a turn. */
const maxInOneTurn = 64;

/** Sends each request of the slice when it is due; resolves when all of them have ended. */
export async function runOpenLoop(parts: LoopParts, end: SliceEnd): Promise<void> {
  const { runner, signal, source } = parts;
  const underWay = new Set<Promise<void>>();
  let inThisTurn = 0;
  for (;;) {
    const next = source.peek();
    if (next === undefined || next.dueMs >= end.untilMs || next.index >= end.untilRequests || signal.aborted) break;
    source.skip();
    const prepared = runner.prepare(next.request);
    const isWaiting = runner.nowMs() < next.dueMs;
    if (isWaiting) await untilDue(parts, next.dueMs);
    else if (++inThisTurn >= maxInOneTurn) await turn(parts.clock);
    if (isWaiting || inThisTurn >= maxInOneTurn) inThisTurn = 0;
    if (signal.aborted) break;
    const running = runner.run(prepared, next.dueMs);
    underWay.add(running);
    void running.finally(() => underWay.delete(running));
  }
  await allEnded(parts, Promise.all(underWay));
}

/** Keeps `lanes` requests under way; resolves when the last of the slice has ended. */
export async function runClosedLoop(parts: LoopParts, end: SliceEnd, lanes: number): Promise<void> {
  const { runner, signal, source } = parts;
  const nextOf = (): PreparedRequest | undefined => {
    const next = source.peek();
    if (next === undefined || next.index >= end.untilRequests) return undefined;
    if (runner.nowMs() >= end.untilMs || signal.aborted) return undefined;
    source.skip();
    return runner.prepare(next.request);
  };
  const oneLane = async () => {
    for (let prepared = nextOf(); prepared !== undefined; prepared = nextOf()) await runner.run(prepared, undefined);
  };
  await allEnded(parts, Promise.all(Array.from({ length: lanes }, oneLane)));
}

/** After the signal, for a while only. */
async function allEnded({ clock, signal }: LoopParts, ended: Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const giveUp = () => void clock.after(graceMs, resolve);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    void ended.then(() => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    }, reject);
  });
}

/** Resolves at `dueMs` of the running time, or soon after the signal. */
async function untilDue({ clock, runner, signal, spinMs }: LoopParts, dueMs: number): Promise<void> {
  for (;;) {
    const leftMs = dueMs - runner.nowMs();
    if (leftMs <= 0 || signal.aborted) return;
    if (leftMs > spinMs) await pause(clock, leftMs - spinMs, signal);
    else await turn(clock);
  }
}

function turn(clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.after(0, resolve));
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done);
      timer.cancel();
      resolve();
    };
    const timer = clock.after(ms, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
