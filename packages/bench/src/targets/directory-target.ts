/**
 * A folder on this machine: SION's own directory store, atomic and fsynced, without anything before it. What it takes is the least
 * that a SION with that store can take. Its writes are conditional: the target remembers the ETags that it has seen.
 */
import { openDirectoryStore, type Store, systemRandom, type WriteCondition } from '@sion/components';
import { nameOfKey } from '@sion/core';
import type { Lane, Target } from '../target.ts';
import { wholeBody } from '../target.ts';

export async function createDirectoryTarget(folder: string): Promise<Target> {
  const store = await openDirectoryStore({ root: folder, create: true, random: systemRandom });
  await store.claim();
  const lane = createLane(store);
  return {
    describe: async () => ({ protocol: 'SION’s directory store, fsynced' }),
    openLane: async () => lane,
    close: () => store.close(),
  };
}

function createLane(store: Store): Lane {
  const etags = new Map<string, string>();
  const conditionOf = (name: string): WriteCondition => {
    const etag = etags.get(name);
    return etag === undefined ? { kind: 'absent' } : { kind: 'match', etag };
  };
  const lookUp = async (name: string) => {
    const found = await store.head(name);
    if (found === undefined) etags.delete(name);
    else etags.set(name, found.etag);
    return found;
  };
  return {
    async put(key, body) {
      const name = nameOf(key);
      for (;;) {
        const outcome = await store.put(name, wholeBody(body), {}, conditionOf(name));
        if (outcome.kind === 'written') {
          etags.set(name, outcome.etag);
          return;
        }
        await lookUp(name);
      }
    },
    async get(key, range, take) {
      const outcome = await store.get(nameOf(key), range === undefined ? {} : { range });
      if (outcome.kind !== 'hit') return outcome.kind === 'outside';
      for await (const piece of outcome.body) take(piece);
      return true;
    },
    head: async (key) => (await store.head(nameOf(key)))?.sizeBytes,
    async delete(key) {
      const name = nameOf(key);
      for (let found = await lookUp(name); found !== undefined; found = await lookUp(name)) {
        if ((await store.delete(name, found.etag)).kind !== 'conflict') break;
      }
      etags.delete(name);
    },
    close: async () => {},
  };
}

function nameOf(key: string): string {
  return nameOfKey(Buffer.from(key).toString('latin1'));
}
