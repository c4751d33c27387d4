/**
 * Proxy → node: the hello is accepted; requests may follow on this link.
 *
 *     welcome = heartbeat-ms:u32 silence-ms:u32
 */
import type { MessageCodec } from '../codec.ts';

/** Proxy → node: the hello is accepted. */
export interface Welcome {
  readonly type: 'welcome';
  /** The proxy pings this often; a node that hears nothing for `silenceMs` returns at once. */
  readonly heartbeatMs: number;
  readonly silenceMs: number;
}

export const welcomeCodec: MessageCodec<Welcome> = {
  type: 'welcome',
  code: 2,
  carriesPayload: false,
  encode(message, head) {
    head.u32(message.heartbeatMs);
    head.u32(message.silenceMs);
  },
  decode: (head) => ({ type: 'welcome', heartbeatMs: head.u32(), silenceMs: head.u32() }),
};
