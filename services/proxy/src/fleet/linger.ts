/**
 * How long one node's idle session stays: core's rule, fed with what this node has done. It remembers when the node was
 * invoked during the last second, which the rule needs, and nothing else.
 */
import type { Clock } from '@sion/components';
import { type FunctionArchitecture, lingerMs, priceBook } from '@sion/core';
import type { FleetSettings } from './settings.ts';

/** What Lambda's rate limit counts over. */
const rateWindowMs = 1000;

/** The functions' processors; the deployment knows no other. */
export const architecture: FunctionArchitecture = 'arm64';

/** One node's linger. */
export class Linger {
  readonly #clock: Clock;
  readonly #settings: FleetSettings;
  #startsMs: number[] = [];

  constructor(clock: Clock, settings: FleetSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  /** An invocation starts now. */
  noteInvocation(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#startsMs = this.#startsMs.filter((startMs) => startMs > nowMs - rateWindowMs);
    this.#startsMs.push(nowMs);
  }

  /** From now until the idle session should end. */
  lingerMs(): number {
    const nowMs = this.#clock.monotonicMs();
    const recent = this.#startsMs.filter((startMs) => startMs > nowMs - rateWindowMs);
    const startedMs = this.#startsMs.at(-1) ?? nowMs;
    return lingerMs({
      priceBook,
      architecture,
      memoryMb: this.#settings.nodeMemoryMb,
      latencyUsdPerSecond: this.#settings.latencyUsdPerSecond,
      invocationsInLastSecond: recent.length,
      sessionAgeMs: nowMs - startedMs,
      maxSessionMs: this.#settings.sessionMaxMs,
    });
  }
}
