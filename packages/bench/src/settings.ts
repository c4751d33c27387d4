/**
 * A run as data: everything that makes it what it is. It is written into the result as it stands, handed to every worker, and
 * the same settings with the same seed send the same requests.
 */
import type { FirstTouch, KeyPattern, Mix, RateStep, RegistryKey, TraceFormat } from '@sion/workload';
import type { TargetSpec } from './target.ts';

/** Requests by a mix over numbered objects. */
export interface MixSettings {
  readonly kind: 'mix';
  /** `A` … `F` for YCSB's, else `custom`. */
  readonly name: string;
  readonly mix: Mix;
  readonly keys: KeyPattern;
  /** Zipf's exponent. */
  readonly zipf: number;
  /** As `parseSizes` reads them. */
  readonly sizes: string;
  /** Objects that are written before the first request. */
  readonly records: number;
  readonly rangeBytes: number;
}

/** Requests as they were recorded. */
export interface TraceSettings {
  readonly kind: 'trace';
  readonly file: string;
  /** Absent = told by its head. */
  readonly format?: TraceFormat;
  /** Of registry traces: what tells objects apart. */
  readonly key: RegistryKey;
  /** `put`: what is read first is written right before; `exists`: beforehand. */
  readonly firstTouch: FirstTouch;
  readonly speed: number;
  /** Longer pauses are cut to it, at the new speed; 0 = none is. */
  readonly maxGapSeconds: number;
  readonly fromHour: number;
  /** 0 = to the end. */
  readonly toHour: number;
  /** Share of the objects. */
  readonly sample: number;
  readonly sizeScale: number;
  /** Larger objects are as large as this; 0 = no bound. */
  readonly maxBytes: number;
  readonly skipBadRows: boolean;
}

export type WorkloadSettings = MixSettings | TraceSettings;

/** What the settings have made of a workload, for the report. */
export type WorkloadFacts = Readonly<Record<string, number>>;

/** How fast requests come. */
export type RateSettings =
  | { readonly kind: 'steps'; readonly steps: readonly RateStep[] }
  | {
      readonly kind: 'bursts';
      readonly basePerSecond: number;
      readonly shape: number;
      readonly intervalSeconds: number;
      readonly maxFactor: number;
    };

export type LoadSettings =
  | { readonly mode: 'open'; readonly rate: RateSettings; readonly arrivals: 'even' | 'poisson' }
  | { readonly mode: 'open'; readonly rate: { readonly kind: 'recorded' } }
  | { readonly mode: 'closed' };

export interface BenchSettings {
  readonly seed: string;
  readonly targets: readonly TargetSpec[];
  readonly workload: WorkloadSettings;
  /** A trace has its own times in an open loop; `load` has its mode. */
  readonly load: LoadSettings;
  /** Whichever comes first ends the run; 0 = no such end. */
  readonly seconds: number;
  readonly requests: number;
  /** Of one target, of all workers together: the most in an open loop, all of them in a closed one. */
  readonly lanes: number;
  /** Requests at a time while the first objects are written. */
  readonly fillLanes: number;
  /** Targets take turns so many times. */
  readonly rounds: number;
  readonly workers: number;
  readonly timeoutMs: number;
  readonly keyPrefix: string;
}

/** Without what must not be shown: passwords in URLs. */
export function withoutSecrets(settings: BenchSettings): BenchSettings {
  return { ...settings, targets: settings.targets.map(withoutPassword) };
}

function withoutPassword(spec: TargetSpec): TargetSpec {
  if (!('url' in spec) || !URL.canParse(spec.url)) return spec;
  const url = new URL(spec.url);
  if (url.password !== '') url.password = '***';
  return { ...spec, url: url.href };
}
