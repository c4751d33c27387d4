/**
 * The durable object store beneath memory: S3, or a directory. It holds the user's own bytes, one object per name, with
 * a little metadata, and changes bytes and metadata together or not at all. Every write is conditional, with S3's
 * conditions. It never retries and never caches.
 *
 * Names come from `@sion/core`'s key encoding; `.sion/…` is SION's own (lease). Any call may reject with a
 * `SionError`: `unavailable` (nothing changed), `indeterminate` (a write whose result is unknown), `capacity` (disk
 * full; nothing changed), `corrupt`, or `closed` (another writer has claimed the store).
 */
export interface Store {
  /**
   * Makes this process the only writer where the store itself needs that (a directory); earlier writers get `closed`. It
   * asks nobody: whether it may be done is the lease's affair.
   */
  claim(): Promise<void>;
  /**
   * Clears away what earlier writers began and did not end, where a claim alone must not: it may have lost the race for the
   * lease. Called once, by who holds the lease; its own uploads go on.
   */
  clearLeftovers?(): Promise<void>;
  /** One request; undefined when there is none. */
  head(name: string): Promise<StoredObject | undefined>;
  /** One request. A body that is not read to its end must be released with `cancel`. */
  get(name: string, options?: GetOptions): Promise<GetOutcome>;
  /** One conditional write of a whole small object. `bytes` are the caller's again when it settles. */
  put(name: string, bytes: Uint8Array, metadata: StoredMetadata, condition: WriteCondition): Promise<WriteOutcome>;
  /** Starts a streamed write of which nothing is visible before `commit`. `sizeBytes` where it is known. */
  beginUpload(name: string, sizeBytes?: number): Promise<Upload>;
  /** Replaces the metadata of the version with `etag`, keeping its bytes (S3: a conditional self-copy). */
  replaceMetadata(name: string, etag: string, metadata: StoredMetadata): Promise<WriteOutcome>;
  /** Deletes the version with `etag`. */
  delete(name: string, etag: string): Promise<DeleteOutcome>;
  /** Names with `prefix` in byte order, after `after`, at most `limit` (≤ 1000); SION's own names are left out. */
  list(prefix: string, options: ListOptions): Promise<ListPage>;
  /** Releases what it holds; a claimed store can be claimed at once by another. */
  close(): Promise<void>;
  /**
   * Tells of every request that reaches the server, by what it is billed as, those of the past included. Only of a store
   * whose calls are not one request each; called once.
   */
  readonly tellRequests?: (told: (request: StoreRequest) => void) => void;
}

/**
 * One request to a store's server. `upload`: a step of a streamed write (begin, part, end, copy to its name); `metadata`: a
 * copy that changes metadata; `delete`: also of what was staged; `list`: also of unfinished uploads.
 */
export type StoreRequest = 'head' | 'get' | 'put' | 'upload' | 'metadata' | 'delete' | 'list';

/** What SION keeps beside the bytes. Objects put by others have none of it but `contentType` and `user`. */
export interface StoredMetadata {
  /** `<epoch>.<counter>`, set by SION; absent on objects put by others (their version is the ETag). */
  readonly version?: string;
  /** Milliseconds since the Unix epoch; absent = never. */
  readonly expiresAtMs?: number;
  /** CRC-32 (zlib's) of all bytes, unsigned; absent on objects put by others. */
  readonly crc32?: number;
  readonly contentType?: string;
  /** User metadata: lower-case names, printable values. */
  readonly user?: Readonly<Record<string, string>>;
}

export interface StoredObject {
  readonly name: string;
  readonly sizeBytes: number;
  /** With its quotes, as S3 gives it. Not assumed to be a content hash. */
  readonly etag: string;
  readonly modifiedMs: number;
  readonly metadata: StoredMetadata;
}

/** Bytes [start, end), end > start. Clipped to the object's end; wholly outside it = `outside`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface GetOptions {
  /** Only this version (S3's `If-Match`). */
  readonly ifMatch?: string;
  readonly range?: ByteRange;
}

export type GetOutcome =
  | { readonly kind: 'hit'; readonly object: StoredObject; readonly range: ByteRange; readonly body: StoreBody }
  | { readonly kind: 'miss' }
  /** `ifMatch` failed: another version is there now. */
  | { readonly kind: 'superseded' }
  /** The range lies outside the object. */
  | { readonly kind: 'outside'; readonly object: StoredObject };

/**
 * A body in order, read once. Each piece is the reader's to keep. Ends with `unavailable` when it breaks off short, with
 * `closed` when it was cancelled before.
 */
export interface StoreBody extends AsyncIterable<Uint8Array> {
  /** Gives it up; safe at any time. */
  cancel(): void;
}

/** `absent`: no object may be there. `match`: exactly this version must be there. `any` is not offered on purpose. */
export type WriteCondition = { readonly kind: 'absent' } | { readonly kind: 'match'; readonly etag: string };

export type WriteOutcome =
  | { readonly kind: 'written'; readonly etag: string }
  /** The condition failed; nothing was changed by this call (an earlier attempt of the caller may have landed). */
  | { readonly kind: 'conflict' };

export type DeleteOutcome = { readonly kind: 'deleted' } | { readonly kind: 'conflict' } | { readonly kind: 'missing' };

/** A streamed write. Calls are made one after the other. */
export interface Upload {
  /** Takes the next bytes; they are the caller's again when it settles. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Makes all bytes and the metadata visible at once, durably, if the condition holds. After `conflict`, or a failure
   * that changed nothing, the upload is still there: commit it again, or abort it. Otherwise it is over.
   */
  commit(metadata: StoredMetadata, condition: WriteCondition): Promise<WriteOutcome>;
  /** Leaves no trace. Safe at any time, also after `commit`. */
  abort(): Promise<void>;
  /** Billed requests so far, where this write is not one beginning and one commit; tries that failed may be left out. */
  readonly requestCount?: number | undefined;
}

export interface ListOptions {
  readonly after?: string;
  readonly limit: number;
  /**
   * True: what would cost more than the listing itself is left out, for who counts or walks names: metadata (`{}`), and the
   * ETag (empty) of a directory. Name, size and modification time are always true.
   */
  readonly namesOnly?: boolean;
}

export interface ListPage {
  readonly objects: readonly StoredObject[];
  /** True when more follow the last one. */
  readonly more: boolean;
}
