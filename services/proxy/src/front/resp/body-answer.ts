/** Object bodies as answers: small ones whole, large ones as a stream that holds no more than its pieces. */
import { bulkReply, nullReply } from '@sion/wire';
import type { ObjectBody, ReadOutcome } from '../../objects/objects.ts';
import type { Answer, StreamedAnswer } from './answer.ts';

/** The answer to a read: null for a miss. Bodies up to `wholeBytes` are taken into memory. */
export async function answerOf(outcome: ReadOutcome, wholeBytes: number): Promise<Answer> {
  if (outcome.kind !== 'hit') return nullReply;
  const { body } = outcome;
  return body.sizeBytes <= wholeBytes ? bulkReply(await body.bytes()) : streamedBody(body);
}

function streamedBody(body: ObjectBody): StreamedAnswer {
  return {
    kind: 'streamed',
    async send(out) {
      try {
        await out.bulk(
          body.sizeBytes,
          body,
          body.giveBack === undefined ? undefined : (piece) => body.giveBack?.(piece),
        );
      } catch (error) {
        body.cancel();
        throw error;
      }
    },
    cancel: () => body.cancel(),
  };
}
