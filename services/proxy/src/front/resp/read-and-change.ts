/**
 * Commands that give a value back and change its object in the same step: GETDEL, GETEX. A short value is read in the
 * key's own turn. A longer one streams, and the change is made before its last piece goes out, if the object is still the
 * version that was sent: a client that has the whole value knows that the change was made. When it is not, nothing is
 * changed, and the answer is cut, or an error when nothing of it was sent.
 */
import { bulkReply, nullReply, type Reply, SionError } from '@sion/wire';
import type { CurrentObject, Decision, ObjectBody, ObjectInfo } from '../../objects/objects.ts';
import type { Answer } from './answer.ts';
import type { Call } from './command.ts';
import { ReplyError } from './redis-errors.ts';

/** What becomes of the object. */
export type ObjectChange =
  | { readonly kind: 'keep' }
  | { readonly kind: 'delete' }
  | { readonly kind: 'expire'; readonly expiresAtMs?: number };

/** Pure; a {@link ReplyError} that it throws is the reply. */
export type ChangeOf = (info: ObjectInfo, nowMs: number) => ObjectChange;

/** Tries of a value whose length changes while it is looked at. */
const maxAttempts = 8;

/** Gives the value of the call's one key and changes the object; null when there is none. */
export async function readAndChange(call: Call, changeOf: ChangeOf): Promise<Answer> {
  const { keys, client, front, signal } = call;
  if (client.replies.isSilent) return changeUnread(call, changeOf);
  const { maxOldValueBytes } = front.settings;
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const reply = await changeShort(call, changeOf);
    if (reply !== 'too-large') return reply;
    const outcome = await front.objects.read(keys[0] ?? '', { signal });
    if (outcome.kind === 'hit' && outcome.body.sizeBytes > maxOldValueBytes) {
      return streamed(outcome.body, () => changeVersion(call, outcome.info, changeOf));
    }
    if (outcome.kind === 'hit') outcome.body.cancel();
  }
  throw new SionError('unavailable', 'the value kept being replaced while it was read; retry later');
}

/** For clients that want no reply: there is nothing to read. */
async function changeUnread(call: Call, changeOf: ChangeOf): Promise<Answer> {
  const decide = (current: CurrentObject | undefined, nowMs: number): Decision<Reply> =>
    current === undefined
      ? { kind: 'keep', result: nullReply }
      : { ...changeOf(current.info, nowMs), result: nullReply };
  return mutate(call, { needs: 'info', decide });
}

function changeShort(call: Call, changeOf: ChangeOf): Promise<Reply | 'too-large'> {
  const decide = (current: CurrentObject | undefined, nowMs: number): Decision<Reply | 'too-large'> => {
    if (current === undefined) return { kind: 'keep', result: nullReply };
    try {
      const change = changeOf(current.info, nowMs);
      if (current.value === undefined) return { kind: 'keep', result: 'too-large' };
      return { ...change, result: bulkReply(current.value) };
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      return { kind: 'keep', result: error.reply };
    }
  };
  const needs = { value: true, maxValueBytes: call.front.settings.maxOldValueBytes } as const;
  return mutate(call, { needs, decide });
}

/** Changes exactly this version. */
async function changeVersion(call: Call, info: ObjectInfo, changeOf: ChangeOf): Promise<void> {
  const decide = (current: CurrentObject | undefined, nowMs: number): Decision<boolean> =>
    current?.info.version === info.version
      ? { ...changeOf(current.info, nowMs), result: true }
      : { kind: 'keep', result: false };
  if (await mutate(call, { needs: 'info', decide })) return;
  throw new SionError(
    'unavailable',
    'the value was replaced while it was read, and nothing was changed; send it again',
  );
}

function mutate<R>({ keys, client, front }: Call, mutation: Parameters<typeof front.objects.mutate<R>>[1]): Promise<R> {
  return front.objects.mutate(keys[0] ?? '', mutation, { durability: client.durability });
}

function streamed(body: ObjectBody, change: () => Promise<void>): Answer {
  return {
    kind: 'streamed',
    async send(out) {
      try {
        await out.bulk(body.sizeBytes, holdingBackTheLast(body, change));
      } catch (error) {
        body.cancel();
        throw error;
      }
    },
    cancel: () => body.cancel(),
  };
}

async function* holdingBackTheLast(
  body: ObjectBody,
  beforeTheLast: () => Promise<void>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array | undefined;
  for await (const piece of body) {
    if (held !== undefined) yield held;
    held = piece;
  }
  await beforeTheLast();
  if (held !== undefined) yield held;
}
