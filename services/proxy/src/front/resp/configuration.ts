/**
 * The parameters that CONFIG knows: those of Redis whose meaning SION has too, with the values that are true here, and
 * one of SION's own. What can really change while the server runs can be set; it lasts until the proxy ends, for what
 * holds at a start are the settings (`SION_…`).
 */
import type { Front } from './command.ts';
import { fitsInteger, readInteger } from './numbers.ts';
import { ReplyError } from './redis-errors.ts';

/** One parameter. */
export interface Parameter {
  readonly name: string;
  read(front: Front): string;
  /** Absent = it cannot change. */
  readonly change?: Change;
}

interface Change {
  readonly unit: 'number' | 'bytes';
  readonly min: number;
  readonly max: number;
  apply(front: Front, value: number): void;
}

const mib = 1024 * 1024;

/** In the order of their names. */
export const parameters: readonly Parameter[] = [
  // There is no append-only file: the journal is SION's own, and has settings of its own.
  { name: 'appendonly', read: () => 'no' },
  { name: 'bind', read: ({ settings }) => settings.host },
  { name: 'databases', read: () => '1' },
  {
    name: 'maxclients',
    read: ({ settings }) => String(settings.maxRespConnections),
    change: {
      ...{ unit: 'number', min: 1, max: 100_000 },
      apply: ({ changeSettings }, maxRespConnections) => changeSettings({ maxRespConnections }),
    },
  },
  // Memory bounds where objects are read from, not which exist: nothing is evicted from the store for room.
  { name: 'maxmemory', read: () => '0' },
  { name: 'maxmemory-policy', read: () => 'noeviction' },
  { name: 'port', read: ({ port }) => String(port()) },
  {
    name: 'proto-max-bulk-len',
    read: ({ settings }) => String(settings.maxRespValueBytes),
    change: {
      ...{ unit: 'bytes', min: mib, max: 512 * mib },
      apply: ({ changeSettings }, maxRespValueBytes) => changeSettings({ maxRespValueBytes }),
    },
  },
  // No snapshots by time.
  { name: 'save', read: () => '' },
  {
    name: 'sion-stall-ms',
    read: ({ settings }) => String(settings.stallMs),
    change: {
      ...{ unit: 'number', min: 1000, max: 3_600_000 },
      apply: ({ changeSettings }, stallMs) => changeSettings({ stallMs }),
    },
  },
  {
    name: 'slowlog-log-slower-than',
    read: ({ slowLog }) => String(slowLog.slowerThanMicros),
    change: {
      ...{ unit: 'number', min: -1, max: Number.MAX_SAFE_INTEGER },
      apply({ slowLog }, micros) {
        slowLog.slowerThanMicros = micros;
      },
    },
  },
  {
    name: 'slowlog-max-len',
    read: ({ slowLog }) => String(slowLog.maxEntries),
    change: {
      // Each may take some kilobytes.
      ...{ unit: 'number', min: 0, max: 10_000 },
      apply({ slowLog }, count) {
        slowLog.maxEntries = count;
      },
    },
  },
  {
    name: 'timeout',
    read: ({ idleWatch }) => String(idleWatch.timeoutSeconds),
    change: {
      ...{ unit: 'number', min: 0, max: 2_147_483_647 },
      apply({ idleWatch }, seconds) {
        idleWatch.timeoutSeconds = seconds;
      },
    },
  },
];

/** Sets all of them or, when one is refused, none. `args` are names and values in turn, names as they were written. */
export function setParameters(front: Front, args: readonly Buffer[]): void {
  const wanted = pairsOf(args);
  const changes = wanted.map(({ parameter: { name, change }, bytes }) => {
    if (change === undefined) throw refused(name, "can't set immutable config");
    return { change, value: readValue(name, change, bytes) };
  });
  for (const { change, value } of changes) change.apply(front, value);
}

function pairsOf(args: readonly Buffer[]): readonly { readonly parameter: Parameter; readonly bytes: Buffer }[] {
  const pairs: { readonly parameter: Parameter; readonly bytes: Buffer }[] = [];
  for (let at = 0; at + 1 < args.length; at += 2) {
    const [name, bytes] = [args[at]?.toString('latin1') ?? '', args[at + 1] ?? Buffer.alloc(0)];
    const parameter = parameters.find((each) => each.name === name.toLowerCase());
    if (parameter === undefined) {
      throw new ReplyError(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`);
    }
    if (parameter.change === undefined) throw refused(name, "can't set immutable config");
    if (pairs.some((pair) => pair.parameter === parameter)) throw refused(name, 'duplicate parameter');
    pairs.push({ parameter, bytes });
  }
  return pairs;
}

function refused(name: string, why: string): ReplyError {
  return new ReplyError(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`);
}

function readValue(name: string, { unit, min, max }: Change, bytes: Buffer): number {
  const value = unit === 'bytes' ? readMemory(bytes) : readInteger(bytes);
  if (value === undefined) {
    throw refused(
      name,
      unit === 'bytes' ? 'argument must be a memory value' : "argument couldn't be parsed into an integer",
    );
  }
  if (value < BigInt(min) || value > BigInt(max)) {
    throw refused(name, `argument must be between ${min} and ${max} inclusive`);
  }
  return Number(value);
}

const memoryUnits: Readonly<Record<string, bigint>> = {
  ...{ '': 1n, b: 1n, k: 1000n, kb: 1024n, m: 1000n ** 2n, mb: 1024n ** 2n, g: 1000n ** 3n, gb: 1024n ** 3n },
};

/** As Redis reads sizes: `512mb`; `k` is 1000, `kb` 1024. */
function readMemory(bytes: Buffer): bigint | undefined {
  const match = /^(\d{1,19})([a-z]*)$/i.exec(bytes.toString('latin1'));
  const factor = memoryUnits[match?.[2]?.toLowerCase() ?? '-'];
  if (match?.[1] === undefined || factor === undefined) return undefined;
  const value = BigInt(match[1]) * factor;
  return fitsInteger(value) ? value : undefined;
}
