/**
 * The private files of a part (snapshot, clean mark, journal), relative to the part's own folder: small ones that are
 * replaced as a whole, and long ones that are written from their beginning to their end and read by range. A file's name
 * has letters, digits, `.`, `_` and `-`, does not begin with a dot, and is at most 200 characters long. Every call may
 * reject with `unavailable` (the disk failed) or `capacity` (it is full); it never retries.
 */
export interface Files {
  /** The bytes, or undefined when there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Replaces the file atomically and durably: after a crash it is wholly the old or wholly the new one. */
  replace(name: string, bytes: Uint8Array): Promise<void>;
  /** Removes durably; no error when it does not exist. */
  remove(name: string): Promise<void>;
  /** Names of all files, sorted. */
  list(): Promise<readonly string[]>;
  /** Makes an empty file to be written from its beginning to its end; rejects with `invalid` when the name is taken. */
  create(name: string): Promise<WritableFile>;
  /** Opens a file for reading by range; undefined when there is none. It stays readable after `remove`. */
  open(name: string): Promise<ReadableFile | undefined>;
  /**
   * Gives a synced and closed file another name, atomically and durably; a file of that name is replaced. Rejects with
   * `indeterminate` when a crash may undo it.
   */
  rename(from: string, to: string): Promise<void>;
}

/** A file that is being written. One that has rejected is good for nothing but `close`: each later call rejects too. */
export interface WritableFile {
  /** Bytes of the appends that have resolved. */
  readonly sizeBytes: number;
  /**
   * Appends, in the order of the calls; the bytes are the caller's again when it settles. After a crash of the machine any
   * part of what was not synced may be there, absent or torn. After a rejection the file's end is unknown.
   */
  append(parts: readonly Uint8Array[]): Promise<void>;
  /**
   * What was appended before is durable when this resolves, the file's own name included. After a rejection nothing is
   * known of it: a second sync that succeeds would prove nothing, for the system may have dropped the bytes.
   */
  sync(): Promise<void>;
  /** Forces nothing to the disk. Safe at any time. */
  close(): Promise<void>;
}

/** A file that is being read, perhaps while it still grows. */
export interface ReadableFile {
  /** When it was opened. */
  readonly sizeBytes: number;
  /** Bytes [start, end) as fresh memory; fewer only at the file's end. */
  read(start: number, end: number): Promise<Uint8Array>;
  /** Safe at any time. */
  close(): Promise<void>;
}
