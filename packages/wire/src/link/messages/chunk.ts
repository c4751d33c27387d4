/**
 * Node → proxy, in answer to `fetch`: a whole chunk.
 *
 *     chunk = checksum:u32
 *     payload: the chunk's bytes
 */
import type { MessageCodec } from '../codec.ts';

/** Node → proxy: a whole chunk; the proxy verifies `checksum` over `payload`. */
export interface Chunk {
  readonly type: 'chunk';
  readonly checksum: number;
  readonly payload: Uint8Array;
}

export const chunkCodec: MessageCodec<Chunk> = {
  type: 'chunk',
  code: 6,
  carriesPayload: true,
  encode(message, head) {
    head.u32(message.checksum);
  },
  decode: (head) => ({ type: 'chunk', checksum: head.u32(), payload: head.payload() }),
};
