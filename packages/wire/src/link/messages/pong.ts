/**
 * Node → proxy, in answer to `ping`.
 *
 *     pong = used-bytes:u48
 */
import type { MessageCodec } from '../codec.ts';

/** Node → proxy: here I am. */
export interface Pong {
  readonly type: 'pong';
  /** Bytes of chunks held. */
  readonly usedBytes: number;
}

export const pongCodec: MessageCodec<Pong> = {
  type: 'pong',
  code: 12,
  carriesPayload: false,
  encode(message, head) {
    head.u48(message.usedBytes);
  },
  decode: (head) => ({ type: 'pong', usedBytes: head.u48() }),
};
