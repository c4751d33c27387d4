/** What each message's file gives: its type's code and the two ways between a message and its head. */
import type { HeadReader } from './head-reader.ts';
import type { HeadWriter } from './head-writer.ts';

/** The way in. `decode` reads every field; the payload, if any, last. */
export interface MessageDecoding<M extends { readonly type: string }> {
  readonly type: M['type'];
  /** The header's type field. */
  readonly code: number;
  /** Whether the frame may have a payload; an empty one is still one. */
  readonly carriesPayload: boolean;
  decode(head: HeadReader): M;
}

/** Both ways. A payload is not part of the head. */
export interface MessageCodec<M extends { readonly type: string }> extends MessageDecoding<M> {
  encode(message: M, head: HeadWriter): void;
}
