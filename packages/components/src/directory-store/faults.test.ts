/** Every change with a fault at each of its steps in turn: wholly the old or wholly the new, told truly. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asSionError } from '@sion/wire';
import { expect, test } from 'vitest';
import type { Store, StoredMetadata, WriteCondition } from '../store.ts';
import { systemRandom } from '../system/random.ts';
import { openDirectoryStore } from './directory-store.ts';
import { type Disk, type DiskFile, systemDisk } from './disk.ts';
import { readAll } from './objects.test-data.ts';

/** A disk whose n-th changing step from now fails. */
class FaultyDisk {
  #countdown = Number.POSITIVE_INFINITY;
  #errno = '';
  hit = false;

  arm(step: number, errno: string): void {
    [this.#countdown, this.#errno, this.hit] = [step, errno, false];
  }

  disarm(): void {
    this.#countdown = Number.POSITIVE_INFINITY;
  }

  get disk(): Disk {
    const step = () => this.#step();
    const guard = (file: DiskFile): DiskFile => ({
      ...file,
      write: async (...call) => {
        step();
        await file.write(...call);
      },
      sync: async () => {
        step();
        await file.sync();
      },
    });
    return {
      ...systemDisk,
      create: async (path) => {
        step();
        return guard(await systemDisk.create(path));
      },
      rename: async (from, to) => {
        step();
        await systemDisk.rename(from, to);
      },
      syncFolder: async (path) => {
        step();
        await systemDisk.syncFolder(path);
      },
      makeFolder: async (path) => {
        step();
        await systemDisk.makeFolder(path);
      },
    };
  }

  #step(): void {
    this.#countdown -= 1;
    if (this.#countdown !== 0) return;
    this.hit = true;
    throw Object.assign(new Error(`${this.#errno}: injected`), { code: this.#errno });
  }
}

const [oldBytes, newBytes] = [Buffer.from('old bytes'), Buffer.from('new, longer bytes')];
const [oldMetadata, newMetadata]: StoredMetadata[] = [{ version: '1.1' }, { version: '1.2' }];

interface Change {
  readonly before: boolean;
  readonly run: (store: Store, name: string, etag: string) => Promise<{ readonly kind: string }>;
  /** The object afterwards. */
  readonly after: readonly [bytes: Buffer, metadata: StoredMetadata] | undefined;
}

const over = (etag: string): WriteCondition => ({ kind: 'match', etag });

const changes: Readonly<Record<string, Change>> = {
  'a new object': {
    before: false,
    run: (store, name) => store.put(name, newBytes, newMetadata!, { kind: 'absent' }),
    after: [newBytes, newMetadata!],
  },
  'an overwrite': {
    before: true,
    run: (store, name, etag) => store.put(name, newBytes, newMetadata!, over(etag)),
    after: [newBytes, newMetadata!],
  },
  'an upload': {
    before: true,
    run: async (store, name, etag) => {
      const upload = await store.beginUpload(name);
      try {
        await upload.write(newBytes);
        return await upload.commit(newMetadata!, over(etag));
      } finally {
        await upload.abort();
      }
    },
    after: [newBytes, newMetadata!],
  },
  'a change of metadata': {
    before: true,
    run: (store, name, etag) => store.replaceMetadata(name, etag, newMetadata!),
    after: [oldBytes, newMetadata!],
  },
  'a delete': { before: true, run: (store, name, etag) => store.delete(name, etag), after: undefined },
};

const cases = Object.keys(changes).flatMap((change) => [
  ...['ENOSPC', 'EIO', 'EACCES'].map((errno) => [change, 'short', errno] as const),
  [change, 'long', 'EDQUOT'] as const,
]);

test.each(cases)('%s under a %s name with %s at each step', async (title, length, errno) => {
  const name = length === 'short' ? 'a' : 'k'.repeat(300);
  const { before, run, after } = changes[title]!;
  const was = before ? [oldBytes, oldMetadata] : undefined;
  let step = 0;
  for (let hit = true; hit; ) {
    step += 1;
    const folder = await mkdtemp(join(tmpdir(), 'sion-faults-'));
    const faults = new FaultyDisk();
    const store = await openDirectoryStore({ root: folder, create: true, random: systemRandom, disk: faults.disk });
    try {
      await store.claim();
      if (before) await store.put(name, oldBytes, oldMetadata!, { kind: 'absent' });
      const etag = (await store.head(name))?.etag ?? '';
      faults.arm(step, errno);
      const outcome = await run(store, name, etag).catch((error: unknown) => asSionError(error).code);
      faults.disarm();
      hit = faults.hit;
      const is = await readAll(store, name);
      if (typeof outcome === 'object') {
        expect(is).toEqual(after);
      } else if (outcome === 'indeterminate') {
        expect([was, after]).toContainEqual(is);
      } else {
        expect(outcome).toBe(errno === 'ENOSPC' || errno === 'EDQUOT' ? 'capacity' : 'unavailable');
        expect(is).toEqual(was);
        // What failed may be tried again as it was.
        expect(await run(store, name, etag)).toMatchObject({ kind: title === 'a delete' ? 'deleted' : 'written' });
        expect(await readAll(store, name)).toEqual(after);
      }
      const last = await store.head(name);
      const condition: WriteCondition = last === undefined ? { kind: 'absent' } : over(last.etag);
      expect(await store.put(name, oldBytes, {}, condition)).toMatchObject({ kind: 'written' });
    } finally {
      await store.close();
      await rm(folder, { recursive: true });
    }
  }
  expect(step).toBeGreaterThan(2);
});
