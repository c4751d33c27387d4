/** `sion ttl KEY [SECONDS | --persist]`: tells or changes when an object expires. */
import { CliError } from '../cli-error.ts';
import type { Address } from '../client/http-call.ts';
import { changeTtl, type NewTtl, readTtl } from '../client/object-calls.ts';
import type { ObjectName } from '../client/object-name.ts';

/** The text to print, without its last line feed: the seconds left, or `never`. */
export async function describeTtl(http: Address, name: ObjectName, ttl: NewTtl | undefined): Promise<string> {
  const left = ttl === undefined ? await readTtl(http, name) : await changeTtl(http, name, ttl);
  if (left === 'missing') throw new CliError(1, `There is no object ${name.shown}.`);
  return String(left);
}
