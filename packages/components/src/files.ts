/** Small private files of a part (snapshot, clean mark; later the journal), relative to the part's own folder. */
export interface Files {
  /** The bytes, or undefined when there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Replaces the file atomically and durably: after a crash it is wholly the old or wholly the new one. */
  replace(name: string, bytes: Uint8Array): Promise<void>;
  /** Removes durably; no error when it does not exist. */
  remove(name: string): Promise<void>;
}
