/**
 * The snapshot as bytes. It is written and read in pieces, so that neither takes the whole of it into memory.
 *
 *     snapshot   header entry* end
 *     header     frame of JSON: {"format":3,"epoch":…,"nodes":…,"placement":…}
 *     entry      frame of JSON: one object of the directory, see {@link SnapshotEntry}
 *     frame      lengthBytes:u32 crc32:u32 payload       the checksum is of the payload
 *     end        "SNAP" entries:u32 volatiles:u32 framesBytes:u48 crc32:u32     the checksum is of what is before it
 *
 * Numbers are big-endian. A file without its end is no snapshot; of one with an end, a frame that is damaged ends what can
 * be read. A header of another format is left aside, whatever follows it.
 */
import { crc32 } from 'node:zlib';
import type { StoredObject } from '@sion/components';
import type { Layout, LayoutId, PlacementSnapshot } from '@sion/core';
import { SionError } from '@sion/wire';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

export interface SnapshotHeader {
  readonly epoch: number;
  /** A fleet of another size cannot use it. */
  readonly nodes: number;
  readonly placement: PlacementSnapshot;
}

export interface SnapshotFragment {
  /** By chunk index. */
  readonly nodes: readonly number[];
  readonly checksums: readonly number[];
  /** Chunk indices that are held. */
  readonly held: readonly number[];
}

export interface SnapshotEntry {
  /** One character per byte, as everywhere. */
  readonly key: string;
  readonly object: StoredObject & { readonly volatile?: true };
  readonly confirmed: boolean;
  /** How long ago it was last read or written. */
  readonly idleMs: number;
  readonly id: LayoutId;
  readonly layout: Layout;
  /** By fragment number; null where no node could take it. */
  readonly fragments: readonly (SnapshotFragment | null)[];
}

export interface SnapshotEnd {
  readonly entries: number;
  /** Entries whose object is in memory only. */
  readonly volatiles: number;
  /** Of the header and all entries: the end follows them. */
  readonly framesBytes: number;
}

/** Bytes of an encoded {@link SnapshotEnd}. */
export const endBytes = 22;

/** Far above what the largest object that memory takes needs. */
const maxFrameBytes = 16 * 1024 * 1024;

const frameOverheadBytes = 8;
const endMark = 'SNAP';
const format = 4;
const whole = Type.Integer({ minimum: 0 });

const header = Compile(
  Type.Object({
    format: Type.Literal(format),
    epoch: whole,
    nodes: whole,
    placement: Type.Object({
      v: Type.Literal(3),
      newestWindow: whole,
      openForMs: Type.Number({ minimum: 0 }),
      groups: Type.Array(Type.Object({ group: whole, window: whole, openedWindow: whole, isSealed: Type.Boolean() })),
    }),
  }),
);

const metadata = Type.Object({
  version: Type.Optional(Type.String()),
  expiresAtMs: Type.Optional(Type.Number()),
  crc32: Type.Optional(Type.Number()),
  contentType: Type.Optional(Type.String()),
  user: Type.Optional(Type.Record(Type.String(), Type.String())),
});

const entry = Compile(
  Type.Object({
    key: Type.String(),
    object: Type.Object({
      ...{ name: Type.String(), sizeBytes: whole, etag: Type.String(), modifiedMs: Type.Number(), metadata },
      volatile: Type.Optional(Type.Literal(true)),
    }),
    confirmed: Type.Boolean(),
    idleMs: Type.Number({ minimum: 0 }),
    id: Type.Object({ epoch: whole, counter: whole }),
    layout: Type.Object({
      ...{ sizeBytes: whole, dataChunks: whole, parityChunks: whole },
      ...{ chunkBytes: whole, fragmentBytes: whole, fragments: whole },
    }),
    fragments: Type.Array(
      Type.Union([
        Type.Null(),
        Type.Object({ nodes: Type.Array(whole), checksums: Type.Array(whole), held: Type.Array(whole) }),
      ]),
    ),
  }),
);

export function encodeHeader(value: SnapshotHeader): Uint8Array {
  return frame({ format, ...value });
}

/** Undefined when it is of another format, or not a header at all. */
export function decodeHeader(payload: Uint8Array): SnapshotHeader | undefined {
  const value = parse(payload);
  return header.Check(value) ? value : undefined;
}

export function encodeEntry(value: SnapshotEntry): Uint8Array {
  return frame(value);
}

/** Throws `corrupt` for what is no entry. */
export function decodeEntry(payload: Uint8Array): SnapshotEntry {
  const value = parse(payload);
  if (!entry.Check(value)) throw damaged('an entry has another shape than it should');
  const { layout, fragments } = value;
  const chunks = layout.dataChunks + layout.parityChunks;
  const isWhole = fragments.every(
    (fragment) =>
      fragment === null ||
      (fragment.nodes.length === chunks &&
        fragment.checksums.length === chunks &&
        fragment.held.every((index) => index < chunks)),
  );
  if (fragments.length !== layout.fragments || !isWhole)
    throw damaged('an entry does not have the chunks of its layout');
  return value;
}

export function encodeEnd({ entries, volatiles, framesBytes }: SnapshotEnd): Uint8Array {
  const bytes = Buffer.alloc(endBytes);
  bytes.write(endMark, 0, 'latin1');
  bytes.writeUInt32BE(entries, 4);
  bytes.writeUInt32BE(volatiles, 8);
  bytes.writeUIntBE(framesBytes, 12, 6);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 18)), 18);
  return bytes;
}

/** Takes the last {@link endBytes} of a file of `sizeBytes`; undefined when they are not the end of exactly that file. */
export function decodeEnd(tail: Uint8Array, sizeBytes: number): SnapshotEnd | undefined {
  const bytes = bufferOf(tail);
  if (bytes.length !== endBytes || bytes.toString('latin1', 0, 4) !== endMark) return undefined;
  const framesBytes = bytes.readUIntBE(12, 6);
  if (bytes.readUInt32BE(18) !== crc32(bytes.subarray(0, 18)) || framesBytes + endBytes !== sizeBytes) return undefined;
  return { entries: bytes.readUInt32BE(4), volatiles: bytes.readUInt32BE(8), framesBytes };
}

/** The frames at the beginning of some bytes. */
export interface CutFrames {
  /** Views of the bytes, each checked against its checksum. */
  readonly payloads: readonly Uint8Array[];
  readonly usedBytes: number;
  /** What the next frame takes, as far as that can be told: more bytes than there are left. */
  readonly nextBytes: number;
}

/** Throws `corrupt` when a frame is damaged. */
export function cutFrames(from: Uint8Array): CutFrames {
  const bytes = bufferOf(from);
  const payloads: Uint8Array[] = [];
  let usedBytes = 0;
  for (;;) {
    if (usedBytes + frameOverheadBytes > bytes.length) return { payloads, usedBytes, nextBytes: frameOverheadBytes };
    const lengthBytes = bytes.readUInt32BE(usedBytes);
    if (lengthBytes > maxFrameBytes) throw damaged(`a frame has ${lengthBytes} bytes`);
    const nextBytes = frameOverheadBytes + lengthBytes;
    if (usedBytes + nextBytes > bytes.length) return { payloads, usedBytes, nextBytes };
    const payload = bytes.subarray(usedBytes + frameOverheadBytes, usedBytes + nextBytes);
    if (crc32(payload) !== bytes.readUInt32BE(usedBytes + 4)) throw damaged('a frame fails its checksum');
    payloads.push(payload);
    usedBytes += nextBytes;
  }
}

export function damaged(what: string): SionError {
  return new SionError('corrupt', `the snapshot is damaged: ${what}; it is written anew while the proxy runs`);
}

function frame(value: object): Uint8Array {
  const text = JSON.stringify(value);
  const lengthBytes = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(frameOverheadBytes + lengthBytes);
  bytes.write(text, frameOverheadBytes);
  bytes.writeUInt32BE(lengthBytes, 0);
  bytes.writeUInt32BE(crc32(bytes.subarray(frameOverheadBytes)), 4);
  return bytes;
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(bufferOf(payload).toString());
  } catch {
    return undefined;
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
