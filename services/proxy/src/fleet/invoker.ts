/**
 * Invocations and their retries: the one place that decides when a failed invocation is tried again, so that no two
 * layers retry the same thing. It books each invocation that ran and what it cost. A budget over the whole fleet spaces
 * the attempts that follow failures: however many nodes fail, an outage of the service never becomes a storm.
 */
import type { Clock, Functions, InvocationOutcome, InvocationReport, Log, Random } from '@sion/components';
import { backoffMs, type SessionEvent } from '@sion/core';
import { encodeInvocation, type InvocationPayload } from '@sion/wire';
import type { BudgetKeeper } from '../budget/budget-keeper.ts';
import type { CostCause, Metrics } from '../metrics/metrics.ts';
import type { InvocationCause } from './fleet.ts';
import type { FleetSettings } from './settings.ts';

/** How an invocation ended, as the session table names it. */
export interface InvocationEnd {
  readonly event: Extract<SessionEvent, 'returned' | 'failed' | 'throttled' | 'unavailable'>;
  /** What the handler returned, unparsed. */
  readonly payload?: Uint8Array;
  /** The service asks not to be called again for so long. */
  readonly retryAfterMs?: number;
}

/** An invocation under way. */
export interface Invocation {
  /** Never rejects. */
  readonly ended: Promise<InvocationEnd>;
  /** The instance has shown itself: the invocation runs, and counts from now on. */
  confirm(): void;
  /** Gives up waiting; it then ends as unavailable. */
  abandon(): void;
}

export interface InvokerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly functions: Functions;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly settings: FleetSettings;
  /** Dollars of an invocation that was billed for `billedMs`. */
  readonly priceUsd: (billedMs: number, memoryMb: number) => number;
  /** Told what each invocation costs. */
  readonly budget?: Pick<BudgetKeeper, 'begin'>;
}

const costCauses: Readonly<Record<InvocationCause, CostCause>> = {
  request: 'serving',
  warmup: 'warmup',
  recovery: 'recovery',
  migration: 'migration',
};

const jitterSteps = 1 << 16;

/** Invokes for all nodes of a fleet. */
export class Invoker {
  readonly #parts: InvokerParts;
  /** When the budget allows the next attempt after a failure. */
  #nextRetryMs = Number.NEGATIVE_INFINITY;

  constructor(parts: InvokerParts) {
    this.#parts = parts;
  }

  /** Starts an invocation; `onRun` is called once, when it is known to run. */
  invoke(payload: InvocationPayload, cause: InvocationCause, onRun: () => void): Invocation {
    const { clock, functions, metrics, settings, budget } = this.#parts;
    const functionName = payload.node;
    const startedMs = clock.monotonicMs();
    const giveUp = new AbortController();
    const timer = clock.after(settings.invocationTimeoutMs, () => giveUp.abort());
    let counted = false;
    const confirm = () => {
      if (counted) return;
      counted = true;
      metrics.countInvocation(cause);
      onRun();
    };
    const bill = budget?.begin();
    const run = async (): Promise<InvocationEnd> => {
      const outcome = await this.#outcomeOf(
        functions.invoke(functionName, encodeInvocation(payload), { signal: giveUp.signal }),
      );
      timer.cancel();
      const hasReturned = outcome.kind === 'returned' || outcome.kind === 'function-error';
      if (hasReturned) confirm();
      const report = hasReturned ? outcome.report : undefined;
      // One whose instance has shown itself is billed, although nobody may have heard of its end.
      const usd = counted ? this.#book(cause, report, clock.monotonicMs() - startedMs) : 0;
      bill?.(usd);
      return this.#endOf(functionName, outcome);
    };
    return { ended: run(), confirm, abandon: () => giveUp.abort() };
  }

  /** How long a node with `failures` failures in a row pauses; takes its place in the fleet's budget. */
  pauseMs(failures: number, retryAfterMs = 0): number {
    const { clock, random, settings } = this.#parts;
    const jitter = random.integer(jitterSteps) / jitterSteps;
    const pause = backoffMs(
      failures,
      jitter,
      { baseMs: settings.backoffBaseMs, maxMs: settings.backoffMaxMs },
      retryAfterMs,
    );
    const nowMs = clock.monotonicMs();
    const dueMs = Math.max(nowMs + pause, this.#nextRetryMs);
    this.#nextRetryMs = Math.max(nowMs, this.#nextRetryMs) + 1000 / settings.retriesPerSecond;
    return dueMs - nowMs;
  }

  async #outcomeOf(invoked: Promise<InvocationOutcome>): Promise<InvocationOutcome> {
    try {
      return await invoked;
    } catch (thrown) {
      // By its contract a defect; the node backs off as after any failure instead of being stuck for ever.
      this.#parts.log.error('invocation-rejected', { error: thrown });
      return { kind: 'unavailable', message: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  }

  /** Gives the dollars. */
  #book(cause: InvocationCause, report: InvocationReport | undefined, passedMs: number): number {
    const { metrics, priceUsd, settings } = this.#parts;
    // Without a report the time that passed here is the best estimate, and errs on the dear side.
    const billedMs = report?.billedMs ?? Math.ceil(passedMs);
    const usd = priceUsd(billedMs, report?.memoryMb ?? settings.nodeMemoryMb);
    metrics.addCost(costCauses[cause], usd);
    return usd;
  }

  #endOf(functionName: string, outcome: InvocationOutcome): InvocationEnd {
    const { log } = this.#parts;
    switch (outcome.kind) {
      case 'returned':
        return { event: 'returned', payload: outcome.payload };
      case 'function-error':
        log.warn('invocation-failed', { functionName, errorType: outcome.errorType, message: outcome.message });
        return { event: 'failed' };
      case 'throttled':
        log.debug('invocation-throttled', { functionName, reason: outcome.reason });
        return { event: 'throttled', retryAfterMs: outcome.retryAfterMs ?? 0 };
      case 'refused':
        log.error('invocation-refused', { functionName, errorType: outcome.errorType, message: outcome.message });
        return { event: 'unavailable' };
      case 'unavailable':
        log.warn('invocation-unanswered', { functionName, message: outcome.message });
        return { event: 'unavailable' };
    }
  }
}
