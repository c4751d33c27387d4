/**
 * The figures of Lambda that the model follows: limits, delays, life times. Pure data. `awsFigures` are AWS's own values
 * (sources in `docs/emulator.md`); `localFigures` is the one place that makes local mode faster or kinder than AWS, and
 * each difference is labelled there. The model must never carry a figure of its own.
 */

/** Every figure of the model; all durations in milliseconds. */
export interface Figures {
  /** Concurrent invocations of all functions together. */
  readonly accountConcurrency: number;
  /** What reservations must leave to functions without one. */
  readonly minUnreservedConcurrency: number;
  /** New instances that one function may start at once … */
  readonly scalingBurst: number;
  /** … and the time in which that many are granted anew, continuously. */
  readonly scalingWindowMs: number;
  /** Synchronous invocations per second and instance; per function times its concurrency, and so for the account. */
  readonly invocationsPerSecond: number;
  /** The sliding window in which they are counted, `invocationsPerSecond` per window. */
  readonly rateWindowMs: number;
  /** Making a sandbox, before INIT; not billed. */
  readonly coldStartMs: number;
  /** INIT lasts at least this long, and is billed. */
  readonly initFloorMs: number;
  /** INIT may last this long; then it is done once more within the invocation, under the function's time-out. */
  readonly initTimeoutMs: number;
  /** An instance that has been idle this long is reclaimed. 0 = never. */
  readonly idleReclaimMs: number;
  /** An instance that has lived this long is reclaimed when it is next idle. 0 = never. */
  readonly lifeTimeMs: number;
  /** Idle and life time vary by up to this share either way, drawn per instance. */
  readonly reclaimSpread: number;
  /** A function that nobody has invoked this long becomes Inactive. 0 = never. */
  readonly inactiveAfterMs: number;
  /** How long an Inactive function is Pending once invoked. */
  readonly pendingMs: number;
  /** Bytes of a synchronous invocation's payload. */
  readonly maxPayloadBytes: number;
  /** Bytes of an Event invocation's payload. */
  readonly maxEventPayloadBytes: number;
  /** Bytes of a response. */
  readonly maxResponseBytes: number;
  /** Event: further attempts after a function error. */
  readonly eventRetries: number;
  /** Event: the wait before the first of them; the n-th waits n times as long. */
  readonly eventRetryMs: number;
  /** Event: the first wait after a throttle; doubled each time up to `eventMaxBackoffMs`. */
  readonly eventBackoffMs: number;
  readonly eventMaxBackoffMs: number;
  /** Event: older ones are dropped. */
  readonly eventMaxAgeMs: number;
  /** Event: as many may wait in all functions together; more are refused as throttled. */
  readonly eventQueueLimit: number;
  /** Bytes per second that an instance's network carries for good, both directions together. 0 = no limit. */
  readonly networkBytesPerSecond: number;
  /** What a rested instance may carry before that rate binds. */
  readonly networkBurstBytes: number;
  /** Bytes per second that it never exceeds. 0 = no such limit. */
  readonly networkPeakBytesPerSecond: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const mib = 1024 * 1024;

/** AWS's values. */
export const awsFigures: Figures = {
  accountConcurrency: 1000,
  minUnreservedConcurrency: 100,
  scalingBurst: 1000,
  scalingWindowMs: 10_000,
  invocationsPerSecond: 10,
  rateWindowMs: 1000,
  coldStartMs: 100,
  initFloorMs: 128,
  initTimeoutMs: 10_000,
  idleReclaimMs: 10 * minuteMs,
  lifeTimeMs: 2 * hourMs,
  reclaimSpread: 0.25,
  inactiveAfterMs: 14 * 24 * hourMs,
  pendingMs: minuteMs,
  maxPayloadBytes: 6 * 1024 * 1024,
  maxEventPayloadBytes: 1024 * 1024,
  maxResponseBytes: 6 * 1024 * 1024,
  eventRetries: 2,
  eventRetryMs: minuteMs,
  eventBackoffMs: 1000,
  eventMaxBackoffMs: 5 * minuteMs,
  eventMaxAgeMs: 6 * hourMs,
  eventQueueLimit: 100_000,
  networkBytesPerSecond: 75 * mib,
  // Reported by others, not stated by AWS: about 300 MiB at about 1 GiB/s.
  networkBurstBytes: 300 * mib,
  networkPeakBytesPerSecond: 1024 * mib,
};

/** Where local mode departs from AWS. Everything else is AWS's value. */
export const localFigures = {
  /** A laptop starts processes at once; waiting would only be for show. */
  coldStartMs: 0,
  /** The real start of a process counts as INIT. */
  initFloorMs: 0,
  /** A hundred processes that start together on two cores are slower than AWS, and must not fail for that. */
  initTimeoutMs: minuteMs,
  /** All instances share one machine, and a limit costs each byte a way through the emulator. */
  networkBytesPerSecond: 0,
} as const satisfies Partial<Figures>;
