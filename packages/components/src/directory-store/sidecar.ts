/**
 * The sidecar of an object: a small JSON file with what SION keeps beside the bytes. It holds a record for each data
 * file that may stand under the name: while a new version is being put in place these are two. A record is bound to its
 * data file by size, modification time and inode, so the rename of the data file alone decides which record counts, and
 * a data file that somebody else put there has none.
 *
 *     {"format":1,"records":[{"etag":"\"…\"","inode":"12","sizeBytes":3,"modifiedNs":"17…","metadata":{…}}]}
 */
import { SionError } from '@sion/wire';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { StoredMetadata } from '../store.ts';
import type { FileState } from './disk.ts';

/** The metadata of one data file. */
export interface SidecarRecord {
  readonly etag: string;
  /** Decimal, because inodes and nanoseconds pass 2^53. */
  readonly inode: string;
  readonly sizeBytes: number;
  readonly modifiedNs: string;
  readonly metadata: StoredMetadata;
}

const sidecarSchema = Type.Object({
  format: Type.Literal(1),
  records: Type.Array(
    Type.Object({
      etag: Type.String(),
      inode: Type.String(),
      sizeBytes: Type.Integer(),
      modifiedNs: Type.String(),
      metadata: Type.Object({
        version: Type.Optional(Type.String()),
        expiresAtMs: Type.Optional(Type.Number()),
        crc32: Type.Optional(Type.Number()),
        contentType: Type.Optional(Type.String()),
        user: Type.Optional(Type.Record(Type.String(), Type.String())),
      }),
    }),
  ),
});

/** Binds metadata and an ETag to a data file. */
export function bindRecord(state: FileState, etag: string, metadata: StoredMetadata): SidecarRecord {
  return {
    etag,
    inode: String(state.inode),
    sizeBytes: state.sizeBytes,
    modifiedNs: String(state.modifiedNs),
    metadata,
  };
}

/**
 * The record of this data file. A copy of the folder has other inodes: there size and time decide, when they name one
 * record only (the store never gives two records of a sidecar the same size and time).
 */
export function findRecord(records: readonly SidecarRecord[], state: FileState): SidecarRecord | undefined {
  const modifiedNs = String(state.modifiedNs);
  const alike = records.filter((record) => record.sizeBytes === state.sizeBytes && record.modifiedNs === modifiedNs);
  return alike.find((record) => record.inode === String(state.inode)) ?? (alike.length === 1 ? alike[0] : undefined);
}

/** The ETag of a data file without a record. Changing the file in any way that shows changes it. */
export function foreignEtag(state: FileState): string {
  return `"x${state.inode.toString(16)}-${state.sizeBytes.toString(16)}-${state.modifiedNs.toString(16)}"`;
}

export function encodeSidecar(records: readonly SidecarRecord[]): Uint8Array {
  return Buffer.from(`${JSON.stringify({ format: 1, records })}\n`);
}

/** Throws `corrupt` when the bytes are no sidecar; `path` is for the message. */
export function decodeSidecar(bytes: Uint8Array, path: string): readonly SidecarRecord[] {
  try {
    const content: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
    if (Value.Check(sidecarSchema, content)) return content.records;
  } catch {
    // Told below.
  }
  const remedy = 'Restore it from a copy, or remove it: the object is then served without its metadata.';
  throw new SionError('corrupt', `The metadata file ${path} is damaged. ${remedy}`);
}
