/**
 * The journal: the proxy's log of acknowledged writes that the store does not have yet, as its users see it. A record
 * is durable when its append has resolved, and is told again by every opening until it is retired or its name forgotten.
 * Records of one name are ordered by their sequence; of each name the last one counts. How it lies on the disk is told in
 * docs/journal.md. One process at a time has the journal open.
 */
import type { ByteRange, StoreBody, StoredMetadata } from '@sion/components';

/** A body in a file of its own, durable; to be named by one record. */
export interface FinishedBlob {
  readonly sizeBytes: number;
}

/** Where the bytes of a put come from. */
export type JournalBody =
  /** At most `inlineMaxBytes`; the caller's again when the append settles. */
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | { readonly kind: 'blob'; readonly blob: FinishedBlob }
  /** Those of the present put of the same name, which is not retired: only its metadata changes. */
  | { readonly kind: 'reuse'; readonly record: JournalRecord };

export type JournalChange =
  | { readonly kind: 'put'; readonly metadata: StoredMetadata; readonly body: JournalBody }
  /** New metadata for the bytes that the store has under this name with `of` (the ETag there). */
  | { readonly kind: 'metadata'; readonly metadata: StoredMetadata; readonly of: string }
  | { readonly kind: 'delete' };

/** What the store was believed to have when the change was decided. */
export type BelievedBefore =
  | { readonly kind: 'absent' }
  | { readonly kind: 'match'; readonly etag: string }
  | { readonly kind: 'unknown' };

export interface NewRecord {
  /** Of the object in the store. */
  readonly name: string;
  readonly version: string;
  readonly base: BelievedBefore;
  /** Milliseconds since the Unix epoch. */
  readonly modifiedMs: number;
  readonly change: JournalChange;
}

/** A durable record; its bytes are not in memory, only where they lie. */
export interface JournalRecord {
  readonly sequence: number;
  readonly name: string;
  readonly version: string;
  readonly base: BelievedBefore;
  readonly modifiedMs: number;
  readonly change:
    | { readonly kind: 'put'; readonly metadata: StoredMetadata; readonly sizeBytes: number; readonly crc32: number }
    | { readonly kind: 'metadata'; readonly metadata: StoredMetadata; readonly of: string }
    | { readonly kind: 'delete' };
}

export interface JournalDepth {
  /** Records that are not retired. */
  readonly records: number;
  /** Of those records and their bodies, with blobs that no record names yet. */
  readonly bytes: number;
  /** Of all files. */
  readonly diskBytes: number;
  /** When the oldest record that is not retired was made, or found at the opening; on the monotonic clock. */
  readonly oldestMs: number | undefined;
}

export interface JournalLog {
  /**
   * Durable when it resolves; what is appended meanwhile shares the next sync. Rejects with `capacity` when a bound is
   * reached, with `unavailable` (or `capacity`, of a full disk) when the disk failed and nothing of the record can turn up
   * any more, with `indeterminate` when it may turn up at the next opening, with `closed` after `close`.
   */
  append(record: NewRecord): Promise<JournalRecord>;
  /** A body too long to stand in a record. `capacity` when a bound is reached; `sizeBytes` where it is known. */
  beginBlob(sizeBytes?: number): Promise<BlobWriter>;
  /**
   * The bytes of a put that is not retired, in pieces of at most 256 KiB; the range is clipped to the body. It ends with
   * `corrupt` when the whole body is read and fails its checksum. It stays readable when the record is retired meanwhile.
   */
  read(record: JournalRecord, range?: ByteRange): StoreBody;
  /**
   * The record is of no use any more: its room is given back. Noted in the log later, so that after a crash an opening may
   * tell it once more. Idempotent.
   */
  retire(record: JournalRecord): void;
  /** Makes durable that nothing recorded so far under this name is told again. At once when there is no trace of it. */
  forget(name: string): Promise<void>;
  /** True while an opening might tell a record of this name, also one that was retired a moment ago. */
  hasTrace(name: string): boolean;
  readonly depth: JournalDepth;
  /** What was appended is finished; nothing is retired by it. */
  close(): Promise<void>;
}

/** A body on its way into a file of its own. Calls are made one after the other. */
export interface BlobWriter {
  /** The bytes are the caller's again when it settles. Rejects with `capacity` or `unavailable`; then abort it. */
  write(bytes: Uint8Array): Promise<void>;
  /** Forces it to the disk. */
  finish(): Promise<FinishedBlob>;
  /** Gives its room back, also after `finish` as long as no record names it. Safe at any time; never rejects. */
  abort(): Promise<void>;
}
