/**
 * Proxy → node: give this chunk. Answer, on the same link: `chunk`, or `failed` (missing, corrupt).
 *
 *     fetch = chunk-id
 */
import { readChunkId, type WireChunkId, writeChunkId } from '../chunk-list.ts';
import type { MessageCodec } from '../codec.ts';

/** Proxy → node: give the bytes of this chunk. Answer: `chunk` or `failed` (missing, corrupt). */
export interface FetchChunk {
  readonly type: 'fetch';
  readonly id: WireChunkId;
}

export const fetchChunkCodec: MessageCodec<FetchChunk> = {
  type: 'fetch',
  code: 5,
  carriesPayload: false,
  encode(message, head) {
    writeChunkId(head, message.id);
  },
  decode: (head) => ({ type: 'fetch', id: readChunkId(head) }),
};
