/**
 * A process that claims a store and overwrites, deletes and re-describes a few objects in turn until it is killed.
 * Arguments: root, first version. Prints each acknowledged change: `<name> <version>`, with `-` for a delete.
 */
import { writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { systemRandom } from '../system/random.ts';
import { openDirectoryStore } from './directory-store.ts';
import { putAny } from './objects.test-data.ts';

const [root = '', firstVersion = ''] = process.argv.slice(2);
const store = await openDirectoryStore({ root, create: false, random: systemRandom });
await store.claim();

async function write(name: string, version: number): Promise<string> {
  const bytes = Buffer.alloc(1 + ((version * 7919) % 300_000), version % 251);
  const described = (text: string) => ({ version: text, crc32: crc32(bytes) });
  const etag = await putAny(store, name, bytes, described(String(version)));
  if (version % 3 === 0) {
    const outcome = await store.replaceMetadata(name, etag, described(`${version}.1`));
    if (outcome.kind !== 'written') throw new Error('a conflict without another writer');
    return `${version}.1`;
  }
  if (version % 5 !== 0) return String(version);
  await store.delete(name, etag);
  return '-';
}

async function writeOn(name: string): Promise<never> {
  for (let version = Number(firstVersion); ; version += 1) {
    writeSync(1, `${name} ${version} began\n`);
    writeSync(1, `${name} ${await write(name, version)}\n`);
  }
}

await Promise.all(['a', 'b/c', 'd'.repeat(300)].map(writeOn));
