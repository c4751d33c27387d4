/**
 * Node → proxy, in answer to `store`, `evict` and `load`: the request was carried out. An empty head.
 */
import type { MessageCodec } from '../codec.ts';

/** Node → proxy: the request was carried out. */
export interface Done {
  readonly type: 'done';
}

export const doneCodec: MessageCodec<Done> = {
  type: 'done',
  code: 14,
  carriesPayload: false,
  encode() {},
  decode: () => ({ type: 'done' }),
};
