/** The options of `sion bench` as settings of a run; what cannot be, or cannot go together, is refused before anything is tried. */
import type { BenchSettings, LoadSettings, RateSettings, TargetSpec, WorkloadSettings } from '@sion/bench';
import {
  type KeyPattern,
  keyPatterns,
  type Mix,
  parseBytes,
  parseSeconds,
  parseSizes,
  traceFormats,
  workOperations,
  type YcsbWorkload,
  ycsbWorkloads,
  ycsbZipf,
} from '@sion/workload';
import { CliError } from '../cli-error.ts';
import { parseTarget } from './target-option.ts';

/** As commander gives them. */
export interface BenchOptions {
  readonly target?: readonly string[];
  readonly ycsb?: string;
  readonly mix?: string;
  readonly keys?: string;
  readonly zipf?: string;
  readonly sizes: string;
  readonly records: string;
  readonly rangeBytes: string;
  readonly rate?: string;
  readonly steps?: string;
  readonly bursts?: string;
  readonly arrivals: string;
  readonly closed?: boolean;
  readonly seconds?: string;
  readonly requests?: string;
  readonly lanes?: string;
  readonly fillLanes: string;
  readonly rounds?: string;
  readonly workers: string;
  readonly timeout: string;
  readonly seed?: string;
  readonly prefix?: string;
  readonly trace?: string;
  readonly traceFormat?: string;
  readonly traceKey: string;
  readonly firstTouch: string;
  readonly speed?: string;
  readonly maxGap?: string;
  readonly hours?: string;
  readonly sample?: string;
  readonly sizeScale?: string;
  readonly sizeCap?: string;
  readonly skipBadRows?: boolean;
}

/** What stands in for options that are not given. */
export interface BenchDefaults {
  /** The SION of the settings. */
  readonly sion: {
    readonly host: string;
    readonly respPort: number;
    readonly httpPort: number;
    readonly adminUrl: string;
  };
  readonly seed: string;
}

const defaultSeconds = 30;
const defaultRate = 100;
/** A step that has no end of its own. */
const endlessSeconds = 1e9;

export function readBenchOptions(options: BenchOptions, defaults: BenchDefaults): BenchSettings {
  const seed = options.seed ?? defaults.seed;
  const targets = readTargets(options.target ?? ['sion'], defaults);
  const load = readLoad(options);
  const steps = load.mode === 'open' && load.rate.kind === 'steps' ? load.rate.steps : [];
  const stepSeconds = steps.reduce((sum, { seconds }) => sum + seconds, 0);
  const requests = options.requests === undefined ? 0 : count('requests', options.requests);
  const given = options.seconds === undefined ? 0 : seconds('seconds', options.seconds);
  const hasEnd = given > 0 || requests > 0;
  const lanes = options.lanes === undefined ? (load.mode === 'open' ? 256 : 16) : count('lanes', options.lanes);
  const workers = count('workers', options.workers);
  if (workers > lanes) refuse('workers', `${workers} workers cannot share ${lanes} lanes`);
  return {
    ...{ seed, targets, load, requests, lanes, workers },
    workload: readWorkload(options),
    seconds:
      hasEnd || options.trace !== undefined
        ? given
        : stepSeconds < endlessSeconds && stepSeconds > 0
          ? stepSeconds
          : defaultSeconds,
    fillLanes: count('fill-lanes', options.fillLanes),
    rounds: options.rounds === undefined ? (targets.length > 1 ? 4 : 1) : count('rounds', options.rounds),
    timeoutMs: seconds('timeout', options.timeout) * 1000,
    keyPrefix: options.prefix ?? `bench:${seed}:`,
  };
}

function readTargets(texts: readonly string[], defaults: BenchDefaults): readonly TargetSpec[] {
  const targets = texts.map((text) => parsed('target', text, (given) => parseTarget(given, defaults.sion)));
  const names = targets.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) refuse('target', `two targets are named ${twice}; give them names: ${twice}2=…`);
  return targets;
}

function readWorkload(options: BenchOptions): WorkloadSettings {
  if (options.trace !== undefined) return readTraceOptions(options, options.trace);
  const name = options.ycsb?.toUpperCase() ?? 'B';
  if (!isYcsb(name)) refuse('ycsb', `${options.ycsb ?? ''} is none of ${Object.keys(ycsbWorkloads).join(', ')}`);
  if (options.ycsb !== undefined && options.mix !== undefined) refuse('mix', 'a mix cannot go with --ycsb');
  const base = ycsbWorkloads[name];
  const keys = options.keys ?? (options.mix === undefined ? base.keys : 'zipf');
  if (!isKeyPattern(keys)) refuse('keys', `${keys} is none of ${keyPatterns.join(', ')}`);
  const sizes = parsed('sizes', options.sizes, (text) => (parseSizes(text), text));
  const zipf = Number(options.zipf ?? ycsbZipf);
  if (!(zipf > 0 && zipf < 1)) refuse('zipf', 'the exponent must lie between 0 and 1');
  return {
    ...{ kind: 'mix', keys, sizes, zipf },
    name: options.mix === undefined ? name : 'custom',
    mix: options.mix === undefined ? base.mix : parsed('mix', options.mix, parseMix),
    records: count('records', options.records),
    rangeBytes: parsed('range-bytes', options.rangeBytes, parseBytes),
  };
}

function readTraceOptions(options: BenchOptions, file: string): WorkloadSettings {
  const { firstTouch, hours = '0-', traceFormat, traceKey } = options;
  for (const name of ['ycsb', 'mix', 'keys', 'zipf'] as const) {
    if (options[name] !== undefined) refuse('trace', `a trace cannot go with --${name}`);
  }
  const format = traceFormats.find((each) => each === traceFormat);
  if (traceFormat !== undefined && format === undefined) {
    refuse('trace-format', `${traceFormat} is none of ${traceFormats.join(', ')}`);
  }
  if (traceKey !== 'uri' && traceKey !== 'digest') return refuse('trace-key', `${traceKey} is none of uri, digest`);
  if (firstTouch !== 'put' && firstTouch !== 'exists')
    return refuse('first-touch', `${firstTouch} is none of put, exists`);
  const [, from = '', to = ''] = /^([\d.]+)-([\d.]*)$/.exec(hours) ?? [];
  const [fromHour, toHour] = [Number(from), Number(to)];
  if (from === '' || !(fromHour >= 0) || !(toHour > fromHour || to === '')) {
    refuse('hours', `${hours} is no part of the time like 2-5 or 3-`);
  }
  const sample = options.sample === undefined ? 1 : positive('sample', options.sample);
  if (sample > 1) refuse('sample', 'the share must be above 0 and at most 1');
  return {
    ...{ kind: 'trace', file, key: traceKey, firstTouch, fromHour, toHour, sample },
    ...(format === undefined ? {} : { format }),
    speed: options.speed === undefined ? 1 : positive('speed', options.speed),
    maxGapSeconds: options.maxGap === undefined ? 0 : seconds('max-gap', options.maxGap),
    sizeScale: options.sizeScale === undefined ? 1 : positive('size-scale', options.sizeScale),
    maxBytes: options.sizeCap === undefined ? 0 : parsed('size-cap', options.sizeCap, parseBytes),
    skipBadRows: options.skipBadRows === true,
  };
}

function readLoad(options: BenchOptions): LoadSettings {
  const { arrivals, bursts, closed, rate, steps } = options;
  const given = Object.entries({ rate, steps, bursts }).filter(([, value]) => value !== undefined);
  if (closed === true) {
    if (given.length > 0) refuse('closed', `a closed loop has no rate: leave --${given[0]?.[0] ?? ''} out`);
    return { mode: 'closed' };
  }
  if (options.trace !== undefined) {
    if (given.length > 0) refuse('trace', `a trace has its own times: leave --${given[0]?.[0] ?? ''} out`);
    return { mode: 'open', rate: { kind: 'recorded' } };
  }
  if (given.length > 1) refuse('rate', 'only one of --rate, --steps and --bursts');
  if (arrivals !== 'even' && arrivals !== 'poisson') refuse('arrivals', `${arrivals} is none of even, poisson`);
  return { mode: 'open', arrivals, rate: readRate(options) };
}

function readRate({ bursts, rate, steps }: BenchOptions): RateSettings {
  if (bursts !== undefined) return parsed('bursts', bursts, parseBursts);
  if (steps !== undefined) return { kind: 'steps', steps: parsed('steps', steps, parseSteps) };
  const perSecond = rate === undefined ? defaultRate : positive('rate', rate);
  return { kind: 'steps', steps: [{ perSecond, seconds: endlessSeconds }] };
}

/** `100x20s,200x20s`. */
function parseSteps(text: string) {
  return text.split(',').map((step) => {
    const [, perSecond = '', seconds = ''] = /^([\d.]+)x(.+)$/.exec(step.trim()) ?? [];
    if (perSecond === '') throw new RangeError(`${JSON.stringify(step)} is no step like 100x20s`);
    return { perSecond: Number(perSecond), seconds: parseSeconds(seconds) };
  });
}

/** `base=100,shape=2,every=15s,cap=7`. */
function parseBursts(text: string): RateSettings {
  const given: Record<string, string> = { shape: '2', every: '15s', cap: '7' };
  for (const pair of text.split(',')) {
    const [name = '', value = ''] = pair.split('=');
    if (!['base', 'shape', 'every', 'cap'].includes(name))
      throw new RangeError(`${name} is none of base, shape, every, cap`);
    given[name] = value;
  }
  const [basePerSecond, shape, maxFactor] = [Number(given['base']), Number(given['shape']), Number(given['cap'])];
  if (!(basePerSecond > 0 && shape > 0 && maxFactor >= 1)) {
    throw new RangeError('bursts need base=RATE, and a shape above 0 and a cap of 1 or above where they are given');
  }
  return { kind: 'bursts', basePerSecond, shape, maxFactor, intervalSeconds: parseSeconds(given['every'] ?? '') };
}

/** `get=90,put=5,delete=5`. */
function parseMix(text: string): Mix {
  const pairs = text.split(',').map((pair) => {
    const [name = '', weight = ''] = pair.split('=');
    const operation = workOperations.find((each) => each === name && each !== 'fill');
    if (operation === undefined || !(Number(weight) >= 0) || weight === '') {
      throw new RangeError(
        `${JSON.stringify(pair)} is no operation=weight, operations being ${workOperations.join(', ')}`,
      );
    }
    return [operation, Number(weight)] as const;
  });
  return Object.fromEntries(pairs);
}

function isYcsb(name: string): name is YcsbWorkload {
  return name in ycsbWorkloads;
}

function isKeyPattern(name: string): name is KeyPattern {
  return keyPatterns.some((each) => each === name);
}

function count(name: string, text: string): number {
  const value = Number(text.replaceAll(',', ''));
  if (Number.isSafeInteger(value) && value >= 1) return value;
  return refuse(name, `${text} is no whole number of at least 1`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  return value > 0 && Number.isFinite(value) ? value : refuse(name, `${text} is no number above 0`);
}

function seconds(name: string, text: string): number {
  return parsed(name, text, parseSeconds);
}

function parsed<T>(name: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof RangeError) return refuse(name, error.message);
    throw error;
  }
}

function refuse(name: string, words: string): never {
  throw new CliError(2, `bench --${name}: ${words}. (sion bench --help says more)`);
}
