/** The drain fault by fault: what it asks of the store, how often, and what it never does. */
import { SionError } from '@sion/wire';
import { describe, expect, it } from 'vitest';
import { createJournaledWorld, overwrite, pass, valueOf, type World } from '../objects/engine-world.test-data.ts';
import type { Mutation } from '../objects/objects.ts';
import { createMemoryFiles } from '../objects/trial/life.test-data.ts';

const journal = { durability: 'journal' } as const;

async function put(world: World, key: string, text: string): Promise<void> {
  await world.engine.mutate(key, overwrite(Buffer.from(text)), journal);
}

async function textOf(world: World, key: string): Promise<string | undefined> {
  return (await valueOf(world, key))?.toString();
}

async function stored(world: World, name: string): Promise<string | undefined> {
  const got = await world.store.get(name);
  if (got.kind !== 'hit') return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of got.body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

describe('an outage', () => {
  it('is met by one request at a time, and ended by one', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    let isDown = true;
    world.hooks.before = () => {
      if (isDown) throw new SionError('unavailable', 'injected');
    };
    for (let number = 0; number < 50; number++) await put(world, `k${number}`, 'v');
    await soon();
    const begun = world.requests.length;
    await pass(world, 60_000);
    // With pauses of 2.5 to 5 seconds.
    expect(world.requests.length - begun).toBeLessThan(40);
    isDown = false;
    await pass(world, 10_000);
    expect(world.journaled.depth).toMatchObject({ names: 0, records: 0, bytes: 0 });
  });

  it('of one name alone does not keep the others', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    world.hooks.before = (_, name) => {
      if (name === 'bad') throw new SionError('unavailable', 'injected');
    };
    await put(world, 'bad', 'v');
    for (let number = 0; number < 20; number++) await put(world, `k${number}`, 'v');
    await pass(world, 30_000);
    expect(world.journaled.depth.names).toBe(1);
  });
});

it('asks nothing while the lease is not held, and goes on when it is again', async () => {
  const world = await createJournaledWorld({ files: createMemoryFiles() });
  let isDown = true;
  world.hooks.before = () => {
    if (isDown) throw new SionError('unavailable', 'injected');
  };
  await put(world, 'a', 'v');
  world.lease.held = false;
  isDown = false;
  const asked = world.requests.length;
  await pass(world, 20_000);
  expect(world.requests.slice(asked)).toEqual([]);
  world.lease.held = true;
  await pass(world, 20_000);
  expect([await stored(world, 'a'), world.journaled.depth.names]).toEqual(['v', 0]);
});

it('sends nothing when the lease lapses between its look and its write', async () => {
  const world = await createJournaledWorld({ files: createMemoryFiles() });
  const gate = Promise.withResolvers<void>();
  world.hooks.before = async () => await gate.promise;
  world.hooks.after = () => {
    world.lease.held = false;
  };
  // Of a key that nobody has looked up: the drain looks first.
  await put(world, 'a', 'v');
  gate.resolve();
  await pass(world, 5000);
  expect(world.requests).toEqual(['head a']);
  expect(world.journaled.depth.names).toBe(1);
});

it('a name that is written all the time does not take the turns of others', async () => {
  const world = await createJournaledWorld({ files: createMemoryFiles() });
  const gate = Promise.withResolvers<void>();
  world.hooks.before = async (_, name) => {
    if (name === 'hot') await gate.promise;
  };
  for (let count = 0; count < 20; count++) {
    await put(world, 'hot', String(count));
    await soon();
  }
  await put(world, 'cold', 'v');
  await pass(world, 1000);
  expect(await stored(world, 'cold')).toBe('v');
  gate.resolve();
  await pass(world, 1000);
  expect([await stored(world, 'hot'), world.journaled.depth.names]).toEqual(['19', 0]);
});

describe('replies that are lost', () => {
  /** Of requests of this kind the reply is lost, until it is said otherwise. */
  function loseReplies(world: World, wanted: string): () => void {
    world.hooks.after = (request) => {
      if (request === wanted) throw new SionError('indeterminate', 'injected');
    };
    return () => delete world.hooks.after;
  }

  it('of a put: it is found, not put again, and kept until no attempt is left', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    const restore = loseReplies(world, 'put');
    await put(world, 'a', 'v');
    await pass(world, 2000);
    restore();
    await pass(world, 20_000);
    expect(world.requests.filter((request) => request === 'put a')).toHaveLength(1);
    expect([world.journaled.depth.names, await textOf(world, 'a')]).toEqual([1, 'v']);
    await pass(world, 60_000);
    expect([world.journaled.depth.names, await textOf(world, 'a')]).toEqual([0, 'v']);
  });

  it('of a change of the expiry alone: its bytes are read all the while', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    await world.engine.mutate('a', overwrite(Buffer.from('v')), { durability: 'store', place: false });
    const restore = loseReplies(world, 'metadata');
    const expire: Mutation<undefined> = {
      needs: 'info',
      decide: (_, nowMs) => ({ kind: 'expire', expiresAtMs: nowMs + 3_600_000, result: undefined }),
    };
    await world.engine.mutate('a', expire, { ...journal, place: false });
    await soon();
    // Before the drain has looked again.
    const seen = [await textOf(world, 'a')];
    restore();
    for (let seconds = 0; seconds < 70; seconds += 10) {
      await pass(world, 10_000);
      // Each time as one who knows nothing of the key.
      await world.engine.invalidate('a');
      seen.push(await textOf(world, 'a'));
    }
    expect(new Set(seen)).toEqual(new Set(['v']));
    expect(world.journaled.depth.names).toBe(0);
  });
});

describe('objects put by others', () => {
  it('while a record is kept against late attempts stay', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    world.hooks.after = (request) => {
      if (request === 'put') throw new SionError('indeterminate', 'injected');
    };
    await put(world, 'a', 'ours');
    await pass(world, 1000);
    delete world.hooks.after;
    await pass(world, 10_000);
    const present = await world.store.head('a');
    await world.store.put('a', Buffer.from('theirs'), {}, { kind: 'match', etag: present?.etag ?? '' });
    await pass(world, 120_000);
    expect([await stored(world, 'a'), world.journaled.depth.names]).toEqual(['theirs', 0]);
    await world.engine.invalidate('a');
    expect(await textOf(world, 'a')).toBe('theirs');
  });

  it('do not keep the drain when their version is none', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    await world.store.put('a', Buffer.from('theirs'), { version: 'v1' }, { kind: 'absent' });
    await put(world, 'a', 'ours');
    await pass(world, 10_000);
    expect([await stored(world, 'a'), world.journaled.depth.names]).toEqual(['ours', 0]);
  });
});

it('an orderly stop with the store down ends in time, and leaves everything to the next start', async () => {
  const files = createMemoryFiles();
  const world = await createJournaledWorld({ files });
  world.hooks.before = () => {
    throw new SionError('unavailable', 'injected');
  };
  for (let number = 0; number < 10; number++) await put(world, `k${number}`, 'v');
  await world.engine.drain();
  let isClosed = false;
  const closing = world.journaled.close().then(() => {
    isClosed = true;
  });
  await pass(world, 1500);
  expect(isClosed).toBe(true);
  await closing;
  const asked = world.requests.length;
  await pass(world, 60_000);
  expect(world.requests).toHaveLength(asked);
  delete world.hooks.before;
  const next = await createJournaledWorld({ files, after: world });
  expect(next.journaled.depth.names).toBe(10);
});

it('gives the room of a long value back when the journal fails to name it', async () => {
  const files = createMemoryFiles();
  let failing = false;
  const world = await createJournaledWorld({
    files: {
      ...files,
      create: async (name) => {
        const file = await files.create(name);
        const append: typeof file.append = async (parts) => {
          if (failing && name.endsWith('.log')) throw new SionError('unavailable', 'injected');
          await file.append(parts);
        };
        return { append, sync: () => file.sync(), close: () => file.close(), sizeBytes: 0 };
      },
    },
  });
  failing = true;
  await world.engine.mutate('a', overwrite(Buffer.alloc(100_000, 'v')), journal).catch(() => {});
  failing = false;
  await pass(world, 5000);
  await put(world, 'b', 'v');
  await pass(world, 5000);
  expect(world.journaled.depth).toMatchObject({ names: 0, records: 0, bytes: 0 });
});
