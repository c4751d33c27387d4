/**
 * Proxy → node: list the chunks you hold, from position `from` in your order. Answer: `manifest`.
 *
 *     list = from:u32
 */
import type { MessageCodec } from '../codec.ts';

/** Proxy → node: list the chunks you hold, from position `from` in your order. Answer: `manifest`. */
export interface ListChunks {
  readonly type: 'list';
  readonly from: number;
}

export const listChunksCodec: MessageCodec<ListChunks> = {
  type: 'list',
  code: 9,
  carriesPayload: false,
  encode(message, head) {
    head.u32(message.from);
  },
  decode: (head) => ({ type: 'list', from: head.u32() }),
};
