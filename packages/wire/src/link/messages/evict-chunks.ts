/**
 * Proxy → node: forget these chunks; unknown ones are no error. Answer: `done`.
 *
 *     evict = count:u16 chunk-id × count        count ≤ 1024
 */

import { SionError } from '../../errors.ts';
import { readChunkId, type WireChunkId, writeChunkId } from '../chunk-list.ts';
import type { MessageCodec } from '../codec.ts';
import { maxChunksPerFrame } from '../limits.ts';

/** Proxy → node: forget these chunks (unknown ones are no error). Answer: `done`. At most 1024 per frame. */
export interface EvictChunks {
  readonly type: 'evict';
  readonly ids: readonly WireChunkId[];
}

export const evictChunksCodec: MessageCodec<EvictChunks> = {
  type: 'evict',
  code: 7,
  carriesPayload: false,
  encode(message, head) {
    if (message.ids.length > maxChunksPerFrame) {
      throw new SionError(
        'invalid',
        `evict: ${message.ids.length} chunks, the limit per frame is ${maxChunksPerFrame}`,
      );
    }
    head.u16(message.ids.length);
    for (const id of message.ids) writeChunkId(head, id);
  },
  decode(head) {
    const ids: WireChunkId[] = [];
    for (let left = head.count(maxChunksPerFrame, 'chunks'); left > 0; left -= 1) ids.push(readChunkId(head));
    return { type: 'evict', ids };
  },
};
