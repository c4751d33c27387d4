/** What readers see of objects in memory alone while they come, go, move and are taken back: never nothing in between. */
import { describe, expect, it } from 'vitest';
import {
  createJournaledWorld,
  failing,
  overwrite,
  payload,
  piecesOf,
  valueOf,
  type World,
} from './engine-world.test-data.ts';
import type { Durability, Mutation } from './objects.ts';
import { createMemoryFiles } from './trial/life.test-data.ts';

const memory = { durability: 'memory' } as const;

async function put(world: World, key: string, text: string, durability: Durability): Promise<void> {
  await world.engine.mutate(key, overwrite(Buffer.from(text)), { durability });
}

async function textOf(world: World, key: string): Promise<string | undefined> {
  return (await valueOf(world, key))?.toString();
}

async function keysOf(world: World): Promise<readonly string[]> {
  return (await world.engine.list({ prefix: '', limit: 100 })).objects.map(({ key }) => key);
}

const storeUp = (world: World) => {
  delete world.hooks.before;
};

describe('reads beside writes to memory alone', () => {
  /** A key that is stored and of which nothing is known, with a memory write of it that waits for the store to delete it. */
  async function meetingWrite() {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    await put(world, 'a', 'stored', 'store');
    await world.engine.invalidate('a');
    const [deleted, told] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    world.hooks.after = async (request) => {
      if (request !== 'delete') return;
      deleted.resolve();
      await told.promise;
    };
    return { world, deleted: deleted.promise, tell: () => told.resolve() };
  }

  it.each(['read', 'info', 'list'] as const)('%s finds the one value or the other, never nothing', async (what) => {
    const { world, deleted, tell } = await meetingWrite();
    const looking = Promise.withResolvers<void>();
    const asked = what === 'read' ? 'get' : what === 'info' ? 'head' : 'list';
    world.hooks.before = async (request) => {
      if (request === asked) await looking.promise;
    };
    const look = async () => {
      if (what === 'read') return await textOf(world, 'a');
      if (what === 'info') return (await world.engine.info('a'))?.sizeBytes;
      return (await keysOf(world))[0];
    };
    const reading = what === 'info' ? undefined : look();
    const writing = put(world, 'a', 'cached', 'memory');
    if (what !== 'info') await deleted;
    else {
      looking.resolve();
      await deleted;
      await world.engine.invalidate('a');
    }
    const found = reading ?? look();
    looking.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    tell();
    await writing;
    expect(await found).toBe({ read: 'cached', info: 6, list: 'a' }[what]);
  });

  it('a write of unknown result that has not landed does not take the value away', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    await put(world, 'a', 'cached', 'memory');
    world.hooks.before = failing('indeterminate');
    await expect(put(world, 'a', 'stored', 'store')).rejects.toMatchObject({ code: 'indeterminate' });
    storeUp(world);
    expect([await textOf(world, 'a'), await keysOf(world)]).toEqual(['cached', ['a']]);
  });

  it('is decided anew when others have deleted the stored copy meanwhile', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    await put(world, 'a', 'stored', 'store');
    const present = await world.store.head('a');
    await world.store.delete('a', present?.etag ?? '');
    const onlyPresent: Mutation<boolean> = {
      needs: 'info',
      decide: (current) =>
        current === undefined
          ? { kind: 'keep', result: false }
          : { kind: 'write', bytes: Buffer.from('cached'), result: true },
    };
    expect(await world.engine.mutate('a', onlyPresent, memory)).toBe(false);
  });

  it('a journaled write and one of staged bytes to memory, folded, delete the stored copy', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    await put(world, 'a', 'stored', 'store');
    const bytes = payload(600_000);
    const source = { kind: 'stream', sizeBytes: bytes.length, pieces: piecesOf(bytes) } as const;
    const staged = await world.engine.stage('a', source, memory);
    await world.engine.invalidate('a');
    const gate = Promise.withResolvers<void>();
    world.hooks.before = async (request) => {
      if (request === 'head') await gate.promise;
    };
    // Both wait behind a look, after which nothing is known of the key.
    const look = world.engine.mutate('a', { needs: 'info', decide: () => ({ kind: 'keep', result: undefined }) });
    await new Promise((resolve) => setImmediate(resolve));
    const journaled = put(world, 'a', 'journaled', 'journal');
    const cached = world.engine.mutate(
      'a',
      { needs: 'nothing', decide: () => ({ kind: 'write', bytes: staged, result: undefined }) },
      memory,
    );
    await world.engine.invalidate('a');
    gate.resolve();
    await Promise.all([look, journaled, cached]);
    await staged.discard();
    storeUp(world);
    expect(await world.store.head('a')).toBeUndefined();
    for (let node = 0; node < world.fleet.size; node++) world.fleet.lose(node);
    expect(await textOf(world, 'a')).toBeUndefined();
  });
});

describe('while what was in memory alone is taken back after a restart', () => {
  /** As a restart does it: the entries come back one after the other, and nothing is read from memory before the end. */
  async function beginRestart() {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    await put(world, 'a', 'cached', 'memory');
    const loaded = Promise.withResolvers<void>();
    const loading = { loaded: loaded.promise, mayHoldVolatile: true };
    world.engine.awaitVolatiles(loading);
    return {
      world,
      end: () => {
        world.engine.memory.open();
        loading.mayHoldVolatile = false;
        loaded.resolve();
      },
    };
  }

  it('a read of what is back already waits until memory is open', async () => {
    const { world, end } = await beginRestart();
    world.engine.memory.close();
    const reading = textOf(world, 'a');
    await new Promise((resolve) => setImmediate(resolve));
    end();
    expect([await reading, await textOf(world, 'a')]).toEqual(['cached', 'cached']);
  });

  it('a listing waits for the rest', async () => {
    const { world, end } = await beginRestart();
    const entry = world.engine.knowledge.peek('a');
    world.engine.knowledge.beginRestoring();
    world.journaled.noteVolatile('a', undefined);
    const listing = keysOf(world);
    await new Promise((resolve) => setImmediate(resolve));
    world.journaled.noteVolatile('a', entry?.object);
    end();
    expect(await listing).toEqual(['a']);
  });
});
