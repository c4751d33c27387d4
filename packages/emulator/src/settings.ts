/**
 * The emulator's settings: one strict schema. Every figure of the model is a setting with AWS's value as its default;
 * `localEmulatorSettings` is the same schema with the defaults of local mode, for the command line.
 */
import { type Static, Type } from 'typebox';
import { awsFigures, type Figures, localFigures } from './model/figures.ts';

const maxMs = 31 * 24 * 60 * 60 * 1000;

function milliseconds(value: number, description: string) {
  return Type.Integer({ minimum: 0, maximum: maxMs, default: value, description });
}

function count(value: number, minimum: number, maximum: number, description: string) {
  return Type.Integer({ minimum, maximum, default: value, description });
}

function limitSettings(figures: Figures) {
  return {
    emulatorAccountConcurrency: count(
      figures.accountConcurrency,
      1,
      100_000,
      'Concurrent invocations of all functions.',
    ),
    emulatorMinUnreservedConcurrency: count(
      figures.minUnreservedConcurrency,
      0,
      100_000,
      'Concurrency that reservations must leave to functions without one.',
    ),
    emulatorScalingBurst: count(figures.scalingBurst, 1, 100_000, 'New instances of one function per scaling window.'),
    emulatorScalingWindowMs: count(figures.scalingWindowMs, 1, maxMs, 'Scaling window, in milliseconds.'),
    emulatorInvocationsPerSecond: count(
      figures.invocationsPerSecond,
      1,
      100_000,
      'Synchronous invocations per rate window and instance; times its concurrency for a function.',
    ),
    emulatorRateWindowMs: count(figures.rateWindowMs, 1, maxMs, 'Rate window, in milliseconds.'),
    emulatorMaxPayloadBytes: count(figures.maxPayloadBytes, 1, 1 << 30, 'Bytes of a synchronous payload.'),
    emulatorMaxEventPayloadBytes: count(figures.maxEventPayloadBytes, 1, 1 << 30, 'Bytes of an Event payload.'),
    emulatorMaxResponseBytes: count(figures.maxResponseBytes, 1, 1 << 30, 'Bytes of a response.'),
  };
}

function lifeSettings(figures: Figures) {
  return {
    emulatorColdStartMs: milliseconds(figures.coldStartMs, 'Making a sandbox, before INIT; not billed.'),
    emulatorInitFloorMs: milliseconds(figures.initFloorMs, 'INIT lasts at least this long; billed.'),
    emulatorInitTimeoutMs: count(figures.initTimeoutMs, 1, maxMs, 'INIT may last this long before it is tried again.'),
    emulatorIdleReclaimMs: milliseconds(
      figures.idleReclaimMs,
      'Idle instances are reclaimed after this long. 0 = never.',
    ),
    emulatorLifeTimeMs: milliseconds(figures.lifeTimeMs, 'Instances are reclaimed at this age, when idle. 0 = never.'),
    emulatorReclaimSpread: Type.Number({
      minimum: 0,
      maximum: 1,
      default: figures.reclaimSpread,
      description: 'Share by which idle and life time vary either way, drawn per instance.',
    }),
    emulatorInactiveAfterMs: milliseconds(
      figures.inactiveAfterMs,
      'A function unused this long is Inactive. 0 = never.',
    ),
    emulatorPendingMs: milliseconds(figures.pendingMs, 'How long an Inactive function is Pending once invoked.'),
  };
}

function eventSettings(figures: Figures) {
  return {
    emulatorEventRetries: count(figures.eventRetries, 0, 100, 'Event: attempts after a function error.'),
    emulatorEventRetryMs: milliseconds(
      figures.eventRetryMs,
      'Event: wait before the first; the n-th waits n times that.',
    ),
    emulatorEventBackoffMs: count(
      figures.eventBackoffMs,
      1,
      maxMs,
      'Event: first wait after a throttle; then doubled.',
    ),
    emulatorEventMaxBackoffMs: count(figures.eventMaxBackoffMs, 1, maxMs, 'Event: longest wait after a throttle.'),
    emulatorEventMaxAgeMs: milliseconds(figures.eventMaxAgeMs, 'Event: older ones are dropped.'),
    emulatorEventQueueLimit: count(figures.eventQueueLimit, 1, 10_000_000, 'Event: how many may wait.'),
  };
}

function networkSettings(figures: Figures) {
  return {
    emulatorNetworkBytesPerSecond: count(
      figures.networkBytesPerSecond,
      0,
      2 ** 40,
      'What an instance’s network carries for good, both directions and the store together, in bytes per second. 0 = no limit.',
    ),
    emulatorNetworkBurstBytes: count(
      figures.networkBurstBytes,
      0,
      2 ** 40,
      'Bytes that a rested instance’s network carries before that rate binds.',
    ),
    emulatorNetworkPeakBytesPerSecond: count(
      figures.networkPeakBytesPerSecond,
      0,
      2 ** 40,
      'What it never exceeds, in bytes per second. 0 = no such limit.',
    ),
  };
}

function schemaOf(figures: Figures) {
  return Type.Object(
    {
      lambdaPort: count(
        6383,
        0,
        65_535,
        'Port of the emulator: Invoke API and control, on loopback. 0 = any free one.',
      ),
      dataDir: Type.String({ minLength: 1, default: '.sion', description: 'Folder of all that SION keeps locally.' }),
      emulatorRegion: Type.String({ minLength: 1, default: 'us-east-1', description: 'AWS region in names and ARNs.' }),
      emulatorAccountId: Type.String({
        pattern: '^[0-9]{12}$',
        default: '000000000000',
        description: 'AWS account in ARNs.',
      }),
      emulatorArchitecture: Type.Enum(['arm64', 'x86_64'], {
        default: 'arm64',
        description: 'Architecture whose prices the meter uses.',
      }),
      emulatorMemorySampleMs: count(100, 1, 60_000, 'How often the memory of running instances is looked at.'),
      emulatorLogLevel: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], {
        default: 'info',
        description: 'The emulator’s own log; debug shows what the functions write.',
      }),
      ...limitSettings(figures),
      ...lifeSettings(figures),
      ...eventSettings(figures),
      ...networkSettings(figures),
    },
    { additionalProperties: false },
  );
}

/** The settings, with AWS's figures as defaults. */
export const emulatorSettings = schemaOf(awsFigures);

/** The same, with the figures of local mode as defaults. */
export const localEmulatorSettings = schemaOf({ ...awsFigures, ...localFigures });

export type EmulatorSettings = Static<typeof emulatorSettings>;

/** The model's figures among the settings. */
export function figuresOf(settings: EmulatorSettings): Figures {
  return {
    accountConcurrency: settings.emulatorAccountConcurrency,
    minUnreservedConcurrency: settings.emulatorMinUnreservedConcurrency,
    scalingBurst: settings.emulatorScalingBurst,
    scalingWindowMs: settings.emulatorScalingWindowMs,
    invocationsPerSecond: settings.emulatorInvocationsPerSecond,
    rateWindowMs: settings.emulatorRateWindowMs,
    coldStartMs: settings.emulatorColdStartMs,
    initFloorMs: settings.emulatorInitFloorMs,
    initTimeoutMs: settings.emulatorInitTimeoutMs,
    idleReclaimMs: settings.emulatorIdleReclaimMs,
    lifeTimeMs: settings.emulatorLifeTimeMs,
    reclaimSpread: settings.emulatorReclaimSpread,
    inactiveAfterMs: settings.emulatorInactiveAfterMs,
    pendingMs: settings.emulatorPendingMs,
    maxPayloadBytes: settings.emulatorMaxPayloadBytes,
    maxEventPayloadBytes: settings.emulatorMaxEventPayloadBytes,
    maxResponseBytes: settings.emulatorMaxResponseBytes,
    eventRetries: settings.emulatorEventRetries,
    eventRetryMs: settings.emulatorEventRetryMs,
    eventBackoffMs: settings.emulatorEventBackoffMs,
    eventMaxBackoffMs: settings.emulatorEventMaxBackoffMs,
    eventMaxAgeMs: settings.emulatorEventMaxAgeMs,
    eventQueueLimit: settings.emulatorEventQueueLimit,
    networkBytesPerSecond: settings.emulatorNetworkBytesPerSecond,
    networkBurstBytes: settings.emulatorNetworkBurstBytes,
    networkPeakBytesPerSecond: settings.emulatorNetworkPeakBytesPerSecond,
  };
}
