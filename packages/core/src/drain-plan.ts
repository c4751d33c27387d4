/**
 * Draining: what has to be done so that the store has what a journaled change says, given what the store is seen to have.
 * Versions decide: a change never replaces a later one, whoever wrote that and however often this is asked. So a journal
 * may be replayed any number of times, also when some of its records had reached the store before the crash.
 *
 * | the store has             | put                    | metadata              | delete                |
 * |---------------------------|------------------------|-----------------------|-----------------------|
 * | nothing                   | put, if absent         | superseded            | done                  |
 * | an older version          | put over it            | superseded            | delete it             |
 * | the very version          | its metadata, or done  | its metadata, or done | delete it             |
 * | a later version           | superseded             | superseded            | superseded            |
 * | an object put by others   | put over it            | its metadata, if that | delete it, if that    |
 * |                           |                        | was meant             | was meant             |
 *
 * Every step is conditional on exactly what was seen.
 */

/** As far as draining looks at it; absent `version` = put by others. */
export interface DrainMetadata {
  readonly version?: string;
  readonly expiresAtMs?: number;
  readonly contentType?: string;
  readonly user?: Readonly<Record<string, string>>;
}

/** A journaled change. */
export interface DrainChange {
  /** Of the change itself, `<epoch>.<counter>`: later changes of a key have higher ones. */
  readonly version: string;
  readonly change:
    | { readonly kind: 'put'; readonly metadata: DrainMetadata }
    /** `of`: the ETag of the object whose metadata is meant. */
    | { readonly kind: 'metadata'; readonly metadata: DrainMetadata; readonly of: string }
    /** `of`: the ETag of the object that was deleted, where the store had it. */
    | { readonly kind: 'delete'; readonly of?: string };
}

/** What the store has. */
export interface SeenObject {
  readonly etag: string;
  readonly metadata: DrainMetadata;
}

/** `etag`: the condition; undefined = nothing may be there. */
export type DrainStep =
  | { readonly kind: 'put'; readonly etag: string | undefined }
  | { readonly kind: 'metadata'; readonly etag: string }
  | { readonly kind: 'delete'; readonly etag: string }
  /** The store has it. */
  | { readonly kind: 'done' }
  /** Something later has taken its place, and stays. */
  | { readonly kind: 'superseded' };

export function planDrain({ version, change }: DrainChange, seen: SeenObject | undefined): DrainStep {
  if (seen === undefined) {
    if (change.kind === 'put') return { kind: 'put', etag: undefined };
    return change.kind === 'delete' ? { kind: 'done' } : { kind: 'superseded' };
  }
  const { etag } = seen;
  // What does not read like one of ours was put by others.
  const there = isVersion(seen.metadata.version) ? seen.metadata.version : undefined;
  switch (change.kind) {
    case 'put': {
      if (there === undefined) return { kind: 'put', etag };
      const order = compareVersions(there, change.metadata.version ?? version);
      if (order > 0) return { kind: 'superseded' };
      return order < 0 ? { kind: 'put', etag } : adjusted(change.metadata, seen);
    }
    case 'metadata': {
      const isMeant = there === undefined ? etag === change.of : there === change.metadata.version;
      return isMeant ? adjusted(change.metadata, seen) : { kind: 'superseded' };
    }
    case 'delete': {
      const isMeant = there === undefined ? etag === change.of : compareVersions(there, version) < 0;
      return isMeant ? { kind: 'delete', etag } : { kind: 'superseded' };
    }
  }
}

/** Negative when `a` is the older one. Throws `RangeError` for what is no version. */
export function compareVersions(a: string, b: string): number {
  const [epochA, counterA] = partsOf(a);
  const [epochB, counterB] = partsOf(b);
  return epochA === epochB ? counterA - counterB : epochA - epochB;
}

function isVersion(text: string | undefined): boolean {
  return text !== undefined && versionForm.test(text);
}

const versionForm = /^(\d+)\.(\d+)$/;

function partsOf(version: string): readonly [number, number] {
  const match = versionForm.exec(version);
  if (match === null) throw new RangeError(`${JSON.stringify(version)} is no version; one reads <epoch>.<counter>`);
  return [Number(match[1]), Number(match[2])];
}

function adjusted(wanted: DrainMetadata, { etag, metadata }: SeenObject): DrainStep {
  return isSameMetadata(wanted, metadata) ? { kind: 'done' } : { kind: 'metadata', etag };
}

function isSameMetadata(a: DrainMetadata, b: DrainMetadata): boolean {
  const text = ({ version, expiresAtMs, contentType, user = {} }: DrainMetadata) =>
    JSON.stringify([version, expiresAtMs, contentType, Object.entries(user).sort(([x], [y]) => (x < y ? -1 : 1))]);
  return text(a) === text(b);
}
