/**
 * Proxy → node: no request of this session follows on either link; return when the last answer is sent. An empty head.
 */
import type { MessageCodec } from '../codec.ts';

/** Proxy → node: no request of this session follows; return when the last answer is sent. */
export interface End {
  readonly type: 'end';
}

export const endCodec: MessageCodec<End> = {
  type: 'end',
  code: 13,
  carriesPayload: false,
  encode() {},
  decode: () => ({ type: 'end' }),
};
