/**
 * Proxy → node: hold this chunk. Answer: `done`, or `failed` (capacity, corrupt, invalid).
 *
 *     store = chunk-id checksum:u32
 *     payload: the chunk's bytes
 */
import { readChunkId, type WireChunkId, writeChunkId } from '../chunk-list.ts';
import type { MessageCodec } from '../codec.ts';

/** Proxy → node: hold this chunk. Answer: `done` or `failed` (capacity, corrupt, busy). */
export interface StoreChunk {
  readonly type: 'store';
  readonly id: WireChunkId;
  /** CRC-32 of the payload; the node verifies it. */
  readonly checksum: number;
  readonly payload: Uint8Array;
}

export const storeChunkCodec: MessageCodec<StoreChunk> = {
  type: 'store',
  code: 4,
  carriesPayload: true,
  encode(message, head) {
    writeChunkId(head, message.id);
    head.u32(message.checksum);
  },
  decode: (head) => ({ type: 'store', id: readChunkId(head), checksum: head.u32(), payload: head.payload() }),
};
