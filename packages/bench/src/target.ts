/**
 * What is measured: anything that keeps values under keys. A target opens lanes; a lane carries one request at a time, as one
 * connection does, so that who waits for what is plain. Targets never retry, never cache and never look at the bytes: a
 * request that fails is a failure of that request.
 */
import type { Payload } from '@sion/workload';

/** What is written: a payload, whole in memory where it is short enough to be made beforehand. */
export interface PutBody {
  readonly payload: Payload;
  readonly bytes?: Uint8Array;
}

/** Bytes [start, end) of a value. */
export interface ReadRange {
  readonly start: number;
  readonly end: number;
}

export interface Lane {
  put(key: string, body: PutBody): Promise<void>;
  /** Hands the bytes on as they come; each piece is the taker's to keep. False = there is no such value. */
  get(key: string, range: ReadRange | undefined, take: (piece: Uint8Array) => void): Promise<boolean>;
  /** The value's size; undefined = there is no such value. */
  head(key: string): Promise<number | undefined>;
  delete(key: string): Promise<void>;
  close(): Promise<void>;
}

export interface Target {
  /** What it is, for the report: software, version, how it is read and written. */
  describe(): Promise<Readonly<Record<string, string>>>;
  /** A lane that is connected. */
  openLane(): Promise<Lane>;
  close(): Promise<void>;
}

/** Where a target is, as data that can be handed to a worker. */
export type TargetSpec = { readonly name: string } & (
  | { readonly kind: 'redis' | 'sion'; readonly url: string; readonly adminUrl?: string }
  | { readonly kind: 'sion-http' | 'sion-client'; readonly url: string; readonly adminUrl?: string }
  | { readonly kind: 'directory'; readonly folder: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      readonly prefix: string;
      readonly endpoint?: string;
      readonly region: string;
      /** Ranged GETs of one object at a time; 1 = a single stream. */
      readonly parallel: number;
      readonly partBytes: number;
    }
);

export type TargetKind = TargetSpec['kind'];

/** The whole payload: what was made beforehand, or fresh memory. */
export function wholeBody({ bytes, payload }: PutBody): Buffer {
  const whole = bytes ?? payload.slice(0, payload.sizeBytes);
  return Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength);
}

/** The same target with every key behind a prefix; payloads do not know of it. */
export function withKeyPrefix(target: Target, prefix: string): Target {
  return {
    describe: () => target.describe(),
    close: () => target.close(),
    async openLane() {
      const lane = await target.openLane();
      return {
        put: (key, body) => lane.put(prefix + key, body),
        get: (key, range, take) => lane.get(prefix + key, range, take),
        head: (key) => lane.head(prefix + key),
        delete: (key) => lane.delete(prefix + key),
        close: () => lane.close(),
      };
    },
  };
}
