/**
 * Proxy → node: the hello is refused; the proxy then closes the link and the node returns at once.
 *
 *     refuse = code:u8 reason:text
 *     code   = 0 token | 1 epoch | 2 session | 3 protocol | 4 node | 5 closed
 */
import type { MessageCodec } from '../codec.ts';
import { maxReasonBytes } from '../limits.ts';

const refusalCodes = ['token', 'epoch', 'session', 'protocol', 'node', 'closed'] as const;

/**
 * Why a hello was refused: the token is unknown or used up, the epoch is not the proxy's, the node has a session with
 * another instance, the protocol's version differs, the node is not one of the fleet, or the proxy is stopping.
 */
export type RefusalCode = (typeof refusalCodes)[number];

/** Proxy → node: the hello is refused; the node returns at once. */
export interface Refuse {
  readonly type: 'refuse';
  readonly code: RefusalCode;
  readonly reason: string;
}

export const refuseCodec: MessageCodec<Refuse> = {
  type: 'refuse',
  code: 3,
  carriesPayload: false,
  encode(message, head) {
    head.choice(refusalCodes, message.code);
    head.reason(message.reason, maxReasonBytes);
  },
  decode: (head) => ({
    type: 'refuse',
    code: head.choice(refusalCodes, 'code'),
    reason: head.text(maxReasonBytes, 'reason'),
  }),
};
