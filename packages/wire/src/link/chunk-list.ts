/**
 * How heads write chunks and their names.
 *
 *     chunk-id = epoch:u32 counter:u48 fragment:u32 index:u16             16 bytes
 *     entry    = chunk-id length-bytes:u32 checksum:u32                   24 bytes
 *     digest   = count:u32 bytes:u48 lane0:u32 lane1:u32                  18 bytes
 */
import type { HeadReader } from './head-reader.ts';
import type { HeadWriter } from './head-writer.ts';

/** A chunk's name; the same fields as `@sion/core`'s `ChunkId`. */
export interface WireChunkId {
  readonly epoch: number;
  readonly counter: number;
  readonly fragment: number;
  readonly index: number;
}

/** A chunk as a manifest lists it. */
export interface WireManifestEntry {
  readonly id: WireChunkId;
  readonly lengthBytes: number;
  /** CRC-32 of the chunk's bytes. */
  readonly checksum: number;
}

/** The summary of a manifest. */
export interface WireDigest {
  readonly count: number;
  readonly bytes: number;
  readonly lanes: readonly [number, number];
}

export function writeChunkId(head: HeadWriter, id: WireChunkId): void {
  head.u32(id.epoch);
  head.u48(id.counter);
  head.u32(id.fragment);
  head.u16(id.index);
}

export function readChunkId(head: HeadReader): WireChunkId {
  return { epoch: head.u32(), counter: head.u48(), fragment: head.u32(), index: head.u16() };
}

export function writeEntry(head: HeadWriter, entry: WireManifestEntry): void {
  writeChunkId(head, entry.id);
  head.u32(entry.lengthBytes);
  head.u32(entry.checksum);
}

export function readEntry(head: HeadReader): WireManifestEntry {
  return { id: readChunkId(head), lengthBytes: head.u32(), checksum: head.u32() };
}

export function writeDigest(head: HeadWriter, digest: WireDigest): void {
  head.u32(digest.count);
  head.u48(digest.bytes);
  head.u32(digest.lanes[0]);
  head.u32(digest.lanes[1]);
}

export function readDigest(head: HeadReader): WireDigest {
  return { count: head.u32(), bytes: head.u48(), lanes: [head.u32(), head.u32()] };
}
