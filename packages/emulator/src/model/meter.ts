/** The bill so far, per function and in total: what `GET /_emulator/v1/meter` gives. Computed from exact counts. */
import type { Tally } from './function-state.ts';
import { type Architecture, lambdaUsd } from './prices.ts';

/** What one function, or all of them, have used and cost. */
export interface MeterReading {
  /** Billed requests: every attempt that had an instance. */
  readonly invocations: number;
  readonly billedMs: number;
  readonly gbSeconds: number;
  readonly usd: number;
  readonly initMs: number;
  readonly coldStarts: number;
  readonly throttles: number;
  readonly functionErrors: number;
  readonly timeouts: number;
  readonly instancesEnded: number;
}

export interface Meter {
  readonly architecture: Architecture;
  readonly total: MeterReading;
  readonly functions: Readonly<Record<string, MeterReading>>;
}

const mbMsPerGbSecond = 1024 * 1000;

/** Reads the meter. */
export function readMeter(tallies: ReadonlyMap<string, Readonly<Tally>>, architecture: Architecture): Meter {
  const total = {
    requests: 0,
    billedMs: 0,
    mbMs: 0,
    initMs: 0,
    coldStarts: 0,
    throttles: 0,
    functionErrors: 0,
    timeouts: 0,
    ended: 0,
  };
  const functions: Record<string, MeterReading> = {};
  for (const [name, tally] of tallies) {
    functions[name] = reading(tally, architecture);
    total.requests += tally.requests;
    total.billedMs += tally.billedMs;
    total.mbMs += tally.mbMs;
    total.initMs += tally.initMs;
    total.coldStarts += tally.coldStarts;
    total.throttles += tally.throttles;
    total.functionErrors += tally.functionErrors;
    total.timeouts += tally.timeouts;
    total.ended += tally.ended;
  }
  return { architecture, total: reading(total, architecture), functions };
}

function reading(tally: Readonly<Tally>, architecture: Architecture): MeterReading {
  const gbSeconds = tally.mbMs / mbMsPerGbSecond;
  return {
    invocations: tally.requests,
    billedMs: tally.billedMs,
    gbSeconds,
    usd: lambdaUsd(architecture, tally.requests, gbSeconds),
    initMs: Math.round(tally.initMs * 100) / 100,
    coldStarts: tally.coldStarts,
    throttles: tally.throttles,
    functionErrors: tally.functionErrors,
    timeouts: tally.timeouts,
    instancesEnded: tally.ended,
  };
}
