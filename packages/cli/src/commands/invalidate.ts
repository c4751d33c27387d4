/** `sion invalidate KEY | --prefix P`: after others have changed objects in the store, SION looks there again. */
import type { Address } from '../client/http-call.ts';
import type { ObjectName } from '../client/object-name.ts';
import { invalidate } from '../client/proxy-admin.ts';

/** The text to print, without its last line feed. */
export async function describeInvalidation(admin: Address, what: 'key' | 'prefix', name: ObjectName): Promise<string> {
  const count = await invalidate(admin, what, name);
  if (count === 0) return 'Nothing was known that could be out of date: the next read looks in the store anyway.';
  return `Invalidated ${count === 1 ? '1 object' : `${count} objects`}: the next read looks in the store.`;
}
