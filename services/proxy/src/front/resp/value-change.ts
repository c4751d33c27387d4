/**
 * Commands that compute a new value from the old one: the change is decided when its turn has come, and keeps the
 * object's expiry and metadata.
 */
import type { Reply } from '@sion/wire';
import type { CurrentObject, Decision } from '../../objects/objects.ts';
import type { Call } from './command.ts';
import { ReplyError } from './redis-errors.ts';

/** The old value: undefined when there is no object, `too-large` when it exceeds what the change looks at. */
export type OldValue = Uint8Array | 'too-large' | undefined;

/** What a change gives: the new bytes, and the reply once they are written. */
export interface ChangedValue {
  readonly bytes: Uint8Array;
  readonly reply: Reply;
}

/** Changes the value of the call's one key. `change` is pure; a {@link ReplyError} that it throws is the reply. */
export function changeValue(
  call: Call,
  maxValueBytes: number,
  change: (old: OldValue) => ChangedValue,
): Promise<Reply> {
  const [key = ''] = call.keys;
  const decide = (current: CurrentObject | undefined): Decision<Reply> => {
    try {
      const { bytes, reply } = change(current === undefined ? undefined : (current.value ?? 'too-large'));
      return { kind: 'write', bytes, ...kept(current), result: reply };
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      return { kind: 'keep', result: error.reply };
    }
  };
  const options = { durability: call.client.durability };
  return call.front.objects.mutate(key, { needs: { value: true, maxValueBytes }, decide }, options);
}

/** What a changed value keeps of the object: expiry, content type, the user's metadata. */
export function kept(current: CurrentObject | undefined) {
  if (current === undefined) return {};
  const { expiresAtMs, contentType, user } = current.info;
  return {
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(user === undefined ? {} : { user }),
  };
}
