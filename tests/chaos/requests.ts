/** What a client of the run can ask, whatever it speaks, and how a request may fail. */

/** The ways in which clients talk to SION. */
export type Protocol = 'resp' | 'http' | 'library';

export type Durability = 'store' | 'journal' | 'memory';

/** Where the fleet listens. */
export interface Addresses {
  readonly respPort: number;
  readonly httpPort: number;
}

/** One connected client. Every call ends: with an answer, or with a {@link RequestFailure} by the deadline. */
export interface ChaosClient {
  readonly protocol: Protocol;
  /** Resolves when it is connected, where there is something to connect beforehand. */
  ready(): Promise<void>;
  /** Undefined when there is nothing. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Bytes [start, end), fewer where the value ends; none when there is nothing. */
  range(key: string, start: number, end: number): Promise<Uint8Array>;
  set(key: string, bytes: Buffer, expiresAtMs?: number): Promise<void>;
  /** True when there was something. */
  delete(key: string): Promise<boolean>;
  /** The number that it is now. HTTP has no such thing. */
  increment?(key: string): Promise<number>;
  /** True when there was something. HTTP counts in seconds from now: of no use here. */
  expire?(key: string, expiresAtMs: number): Promise<boolean>;
  /** Ends the connection: what is still under way on it fails. */
  close(): void;
}

/** A request that was not answered, or refused. */
export class RequestFailure extends Error {
  /** SION's own code, or `lost` (the connection broke), `no-connection`, `timeout`. */
  readonly code: string;
  /** A write may have happened all the same. */
  readonly isUnknown: boolean;

  constructor(code: string, isUnknown: boolean, message: string) {
    super(message);
    this.code = code;
    this.isUnknown = isUnknown;
  }
}

/** A request about this key has so long. */
export function deadlineMs(key: string): number {
  return isHuge(key) ? 60_000 : 10_000;
}

/** Keys of objects of tens of megabytes. */
export function isHuge(key: string): boolean {
  return key.startsWith('huge-');
}
