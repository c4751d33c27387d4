/** Settings of the RESP front; defaults and bounds of those that users set stand in the proxy's one schema. */
import type { Durability } from '../../objects/objects.ts';

export interface RespSettings {
  /** Address to listen on. */
  readonly host: string;
  /** 0 = any free one. */
  readonly respPort: number;
  readonly maxKeyBytes: number;
  /** Largest value, Redis's `proto-max-bulk-len`. */
  readonly maxRespValueBytes: number;
  readonly maxRespConnections: number;
  /** When writes of a connection are acknowledged that does not choose. */
  readonly durability: Durability;
  /** How long a stop waits for commands that are under way. */
  readonly drainMs: number;
  /** Longest pause of a client within a command, or before answers that it does not read. */
  readonly stallMs: number;
  /** Arguments of one command, its name included. */
  readonly maxArguments: number;
  /** An inline command. */
  readonly maxInlineBytes: number;
  /** Longer values stream to the store while they arrive, and longer replies while they are sent. */
  readonly streamThresholdBytes: number;
  /** Pieces of a value on its way in. */
  readonly pieceBytes: number;
  /** Pieces of a value that wait for the engine, per connection; then its client is paused. */
  readonly incomingQueueBytes: number;
  /** Arguments of one command that cannot stream (MSET, ECHO). */
  readonly maxBufferedCommandBytes: number;
  /** The same over all connections, counting commands that keep more than `streamThresholdBytes`. */
  readonly maxBufferedTotalBytes: number;
  /** Commands of a connection that are taken and not yet answered. */
  readonly pipelineCommands: number;
  /** Bytes of their arguments and of answers that wait for their turn. */
  readonly pipelineBytes: number;
  /** Replies that a client leaves unread before its further commands wait. */
  readonly maxUnsentBytes: number;
  /** Longest old value that a write can give back (SET with GET). */
  readonly maxOldValueBytes: number;
  /** Keys of one command that are worked on at a time. */
  readonly parallelKeys: number;
  /** Keys that one KEYS may answer with: their bytes, and some for each. */
  readonly maxKeysAnswerBytes: number;
  /** Places that SCAN's cursors stand for, over all clients. */
  readonly maxScanCursors: number;
  /** FLUSHALL and FLUSHDB delete everything; otherwise they are refused. */
  readonly allowFlush: boolean;
}

/** What CONFIG SET may change while the server runs. */
export type ChangeableSettings = Pick<RespSettings, 'maxRespConnections' | 'maxRespValueBytes' | 'stallMs'>;

const kib = 1024;
const mib = 1024 * kib;

/** Values for all but the address. */
export const respDefaults: Omit<RespSettings, 'host' | 'respPort'> = {
  maxKeyBytes: 512,
  maxRespValueBytes: 512 * mib,
  maxRespConnections: 10_000,
  durability: 'store',
  drainMs: 30_000,
  stallMs: 60_000,
  maxArguments: 1024 * 1024,
  maxInlineBytes: 64 * kib,
  streamThresholdBytes: 64 * kib,
  pieceBytes: 256 * kib,
  incomingQueueBytes: 1 * mib,
  maxBufferedCommandBytes: 64 * mib,
  maxBufferedTotalBytes: 256 * mib,
  pipelineCommands: 128,
  pipelineBytes: 4 * mib,
  maxUnsentBytes: 16 * mib,
  maxOldValueBytes: 4 * mib,
  parallelKeys: 16,
  maxKeysAnswerBytes: 8 * mib,
  maxScanCursors: 10_000,
  allowFlush: false,
};
