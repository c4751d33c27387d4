/**
 * Proxy → node: read this data chunk from the store, under the condition that the object is still the version with
 * `etag`, and hold it. Answer: `done`, or `failed` (superseded, unavailable, corrupt, capacity, busy, invalid).
 *
 *     load = chunk-id checksum:u32 store-name:text etag:text offset:u48 length-bytes:u32
 */
import { readChunkId, type WireChunkId, writeChunkId } from '../chunk-list.ts';
import type { MessageCodec } from '../codec.ts';
import { maxEtagBytes, maxStoreNameBytes } from '../limits.ts';

/** Proxy → node: read this data chunk from the store and hold it. Answer: `done` or `failed`. */
export interface LoadChunk {
  readonly type: 'load';
  readonly id: WireChunkId;
  readonly checksum: number;
  readonly storeName: string;
  readonly etag: string;
  /** Where the chunk starts in the object. */
  readonly offset: number;
  readonly lengthBytes: number;
}

export const loadChunkCodec: MessageCodec<LoadChunk> = {
  type: 'load',
  code: 8,
  carriesPayload: false,
  encode(message, head) {
    writeChunkId(head, message.id);
    head.u32(message.checksum);
    head.text(message.storeName, maxStoreNameBytes, 'store name');
    head.text(message.etag, maxEtagBytes, 'etag');
    head.u48(message.offset);
    head.u32(message.lengthBytes);
  },
  decode: (head) => ({
    type: 'load',
    id: readChunkId(head),
    checksum: head.u32(),
    storeName: head.text(maxStoreNameBytes, 'store name'),
    etag: head.text(maxEtagBytes, 'etag'),
    offset: head.u48(),
    lengthBytes: head.u32(),
  }),
};
