/** Numbers of databases: there is one, 0; clients that choose it by habit are told OK. */
import { requireInteger } from './numbers.ts';
import { ReplyError } from './redis-errors.ts';

const leastInt = -2147483648n;
const greatestInt = 2147483647n;

/** Throws Redis's error for anything but the number of the one database. */
export function requireDatabase(bytes: Buffer | undefined): void {
  const index = requireInteger(bytes);
  if (index < leastInt || index > greatestInt) {
    throw new ReplyError(`ERR value is out of range, value must between ${leastInt} and ${greatestInt}`);
  }
  if (index !== 0n) throw new ReplyError('ERR DB index is out of range');
}
