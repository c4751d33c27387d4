/**
 * Node → proxy, the first frame on a link in each session: who I am and what I hold. Answered by `welcome` or `refuse`.
 *
 *     hello = protocol:u8 link:u8 node:text instance:16 bytes epoch:u32 token:(u8 length, bytes) digest capacity-bytes:u48
 *     link  = 0 control | 1 bulk
 */
import { readDigest, type WireDigest, writeDigest } from '../chunk-list.ts';
import type { MessageCodec } from '../codec.ts';
import { maxNodeNameBytes, maxTokenBytes } from '../limits.ts';

/** Both links of a node, in the order of their numbers. */
export const linkKinds = ['control', 'bulk'] as const;

/** Which of a node's two links: `control` for everything small, `bulk` for chunks above the proxy's threshold. */
export type LinkKind = (typeof linkKinds)[number];

/** Node → proxy, first frame on a link in each session. */
export interface Hello {
  readonly type: 'hello';
  readonly protocol: number;
  readonly link: LinkKind;
  /** The deployed function, e.g. `sion-node-003`. */
  readonly node: string;
  /** 16 random bytes as hex, drawn when the instance started. */
  readonly instance: string;
  readonly epoch: number;
  /** The single-use token of the invocation's payload, hex. */
  readonly token: string;
  readonly digest: WireDigest;
  /** Bytes of chunks this instance may hold (its memory less the reserves). */
  readonly capacityBytes: number;
}

const instanceBytes = 16;

export const helloCodec: MessageCodec<Hello> = {
  type: 'hello',
  code: 1,
  carriesPayload: false,
  encode(message, head) {
    head.u8(message.protocol);
    head.choice(linkKinds, message.link);
    head.text(message.node, maxNodeNameBytes, 'node');
    head.hex(message.instance, { bytes: instanceBytes }, 'instance');
    head.u32(message.epoch);
    head.hex(message.token, { upTo: maxTokenBytes }, 'token');
    writeDigest(head, message.digest);
    head.u48(message.capacityBytes);
  },
  decode: (head) => ({
    type: 'hello',
    protocol: head.u8(),
    link: head.choice(linkKinds, 'link'),
    node: head.text(maxNodeNameBytes, 'node'),
    instance: head.hex({ bytes: instanceBytes }, 'instance'),
    epoch: head.u32(),
    token: head.hex({ upTo: maxTokenBytes }, 'token'),
    digest: readDigest(head),
    capacityBytes: head.u48(),
  }),
};
