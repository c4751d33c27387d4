/**
 * Node → proxy, in answer to any request: it was not carried out.
 *
 *     failed = code:u8 message:text
 *     code   = 0 missing | 1 capacity | 2 corrupt | 3 busy | 4 unavailable | 5 superseded | 6 invalid
 */
import type { MessageCodec } from '../codec.ts';
import { maxReasonBytes } from '../limits.ts';

const nodeFailures = ['missing', 'capacity', 'corrupt', 'busy', 'unavailable', 'superseded', 'invalid'] as const;

/** Why a node could not carry out a request. */
export type NodeFailure = (typeof nodeFailures)[number];

/** Node → proxy: the request was not carried out; nothing changed, but that a chunk found `corrupt` was dropped. */
export interface Failed {
  readonly type: 'failed';
  readonly code: NodeFailure;
  readonly message: string;
}

export const failedCodec: MessageCodec<Failed> = {
  type: 'failed',
  code: 15,
  carriesPayload: false,
  encode(message, head) {
    head.choice(nodeFailures, message.code);
    head.reason(message.message, maxReasonBytes);
  },
  decode: (head) => ({
    type: 'failed',
    code: head.choice(nodeFailures, 'code'),
    message: head.text(maxReasonBytes, 'message'),
  }),
};
