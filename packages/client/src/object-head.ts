/** What is known of an object, asked for alone. */
import type { CallLimits } from './call-limits.ts';
import type { CallOptions } from './call-options.ts';
import type { Connection } from './connection.ts';
import { SionError } from './errors.ts';
import { errorOfAnswer, isRefusedAs } from './http-errors.ts';
import { type Key, keyName, objectPath } from './key.ts';
import { infoOfHeaders, type ObjectInfo } from './object-info.ts';

/** Null when there is no such object. */
export function readInfo(connection: Connection, key: Key, options: CallOptions): Promise<ObjectInfo | null> {
  return connection.run(options, async (limits) => {
    const answer = await connection.http.send(limits, { method: 'HEAD', path: objectPath(key) });
    answer.resume();
    if (answer.statusCode === 404) return null;
    if (answer.statusCode !== 200) throw await headFailure(connection, limits, key);
    const info = infoOfHeaders(answer.headers);
    connection.sizes.note(keyName(key), info.sizeBytes);
    return info;
  });
}

/** A refused HEAD has no body to say why: the same as a GET of its first byte does. */
async function headFailure(connection: Connection, limits: CallLimits, key: Key): Promise<SionError> {
  const call = { method: 'GET', path: objectPath(key), headers: { range: 'bytes=0-0' } } as const;
  const answer = await connection.http.send(limits, call);
  if ((answer.statusCode ?? 0) < 400) {
    answer.destroy();
    return new SionError('unavailable', 'The object could not be looked up just now');
  }
  const error = await errorOfAnswer(answer, false);
  return isRefusedAs(error, 'not-found') ? new SionError('unavailable', 'The object has just gone') : error;
}
