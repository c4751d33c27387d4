/**
 * What a command gives back: a reply that is complete in memory, or one that is sent while it is still being had, so
 * that a large object passes through bounded memory.
 */
import type { Reply } from '@sion/wire';

export type Answer = Reply | StreamedAnswer;

/** An answer that is sent when its turn has come. */
export interface StreamedAnswer {
  readonly kind: 'streamed';
  /**
   * Sends everything. When it throws before anything went out, the client gets an error reply; after that, the
   * connection is cut, because a reply that was begun cannot be taken back.
   */
  send(out: AnswerOutput): Promise<void>;
  /** The client is gone: lets go of what the answer holds, also while `send` is running. */
  cancel(): void;
}

/** Where a streamed answer goes. Each call resolves when more may follow. Rejects when the client is gone. */
export interface AnswerOutput {
  /** A whole reply, as one of the parts of an opened array. */
  reply(reply: Reply): Promise<void>;
  arrayHeader(count: number): Promise<void>;
  /**
   * A bulk string of exactly `sizeBytes` bytes; nothing goes out before its first piece is there. `onTaken` is told of every
   * piece that is out of use here.
   */
  bulk(sizeBytes: number, pieces: AsyncIterable<Uint8Array>, onTaken?: (piece: Uint8Array) => void): Promise<void>;
}
