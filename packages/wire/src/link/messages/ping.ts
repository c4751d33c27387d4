/**
 * Proxy → node: are you there? Answer: `pong`. An empty head.
 */
import type { MessageCodec } from '../codec.ts';

/** Proxy → node: are you there? Answer: `pong`. */
export interface Ping {
  readonly type: 'ping';
}

export const pingCodec: MessageCodec<Ping> = {
  type: 'ping',
  code: 11,
  carriesPayload: false,
  encode() {},
  decode: () => ({ type: 'ping' }),
};
