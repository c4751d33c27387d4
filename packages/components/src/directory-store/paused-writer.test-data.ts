/**
 * A process that, for each line `<root> <change> <n>` on its input, claims a store, stops itself (SIGSTOP) just before
 * the n-th changing step of one write, and tells the outcome once it runs again. Prints `pausing` and the outcome, a line
 * each. Ends with its input.
 */

import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { asSionError } from '@sion/wire';
import type { Store } from '../store.ts';
import { systemRandom } from '../system/random.ts';
import { openDirectoryStore } from './directory-store.ts';
import { type Disk, systemDisk } from './disk.ts';

let steps = Number.POSITIVE_INFINITY;

function step(): void {
  steps -= 1;
  if (steps !== 0) return;
  say('pausing');
  process.kill(process.pid, 'SIGSTOP');
}

/** Synchronously, so that it is out before the process stops. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

const disk: Disk = {
  ...systemDisk,
  create: async (path) => {
    step();
    return systemDisk.create(path);
  },
  rename: async (from, to) => {
    step();
    await systemDisk.rename(from, to);
  },
  unlink: async (path) => {
    step();
    await systemDisk.unlink(path);
  },
  syncFolder: async (path) => {
    step();
    await systemDisk.syncFolder(path);
  },
};

async function write(store: Store, change: string, etag: string): Promise<{ readonly kind: string }> {
  const [bytes, metadata] = [Buffer.from('by the paused writer'), { version: '1.2' }];
  if (change === 'put') return store.put('a', bytes, metadata, { kind: 'match', etag });
  if (change === 'delete') return store.delete('a', etag);
  if (change === 'metadata') return store.replaceMetadata('a', etag, metadata);
  const upload = await store.beginUpload('a');
  await upload.write(bytes);
  return upload.commit(metadata, { kind: 'match', etag });
}

for await (const line of createInterface({ input: process.stdin })) {
  const [root = '', change = '', pauseAt = ''] = line.split(' ');
  const store = await openDirectoryStore({ root, create: false, random: systemRandom, disk });
  await store.claim();
  const etag = (await store.head('a'))?.etag ?? '';
  steps = Number(pauseAt);
  const outcome = await write(store, change, etag).catch((error: unknown) => ({ kind: asSionError(error).code }));
  steps = Number.POSITIVE_INFINITY;
  await store.close();
  say(outcome.kind);
}
