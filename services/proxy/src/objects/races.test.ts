/** Orders of events that a trial has found, or that are too rare for it, one by one. */
import type { VirtualStoreRequest } from '@sion/components';
import { describe, expect, it } from 'vitest';
import { createWorld, overwrite, payload, placed, valueOf, type World } from './engine-world.test-data.ts';
import type { Mutation } from './objects.ts';

const persist: Mutation<boolean> = {
  needs: 'info',
  decide: (current) => (current === undefined ? { kind: 'keep', result: false } : { kind: 'expire', result: true }),
};

/** Holds the next request of a kind, before or after it is carried out, until it is let go. */
function hold(world: World, when: 'before' | 'after', wanted: VirtualStoreRequest) {
  let letGo = () => {};
  const reached = new Promise<void>((resolve) => {
    world.hooks[when] = (request) => {
      if (request !== wanted) return undefined;
      delete world.hooks[when];
      resolve();
      return new Promise<void>((release) => {
        letGo = release;
      });
    };
  });
  return { reached, letGo: () => letGo() };
}

async function putFromOutside(world: World, key: string, bytes: Uint8Array): Promise<void> {
  const present = await world.store.head(key);
  const condition =
    present === undefined ? { kind: 'absent' as const } : { kind: 'match' as const, etag: present.etag };
  await world.store.put(key, bytes, {}, condition);
}

describe('what a reader has seen is not taken back', () => {
  it('by a lookup that began before, and ends after, another one that found something newer', async () => {
    const world = createWorld({ jointReadBytes: 0 });
    await putFromOutside(world, 'k', payload(10));
    const slow = hold(world, 'after', 'get');
    const first = world.engine.read('k');
    await slow.reached;
    await putFromOutside(world, 'k', payload(20));
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(20)));
    slow.letGo();
    await first;
    expect((await world.engine.info('k'))?.sizeBytes).toBe(20);
  });

  it('while the write that it saw is not acknowledged yet', async () => {
    const world = createWorld();
    await putFromOutside(world, 'k', payload(10));
    const early = hold(world, 'before', 'get');
    const reading = world.engine.read('k');
    await early.reached;
    const unanswered = hold(world, 'after', 'put');
    const writing = world.engine.mutate('k', overwrite(payload(20)));
    await unanswered.reached;
    early.letGo();
    const seen = await reading;
    expect(seen.kind === 'hit' ? seen.info.sizeBytes : undefined).toBe(20);
    expect((await world.engine.info('k'))?.sizeBytes).toBe(20);
    unanswered.letGo();
    await writing;
  });

  it('while a write of the same bytes, and so of the same tag, is not acknowledged yet', async () => {
    const world = createWorld({ etags: 'content' });
    await putFromOutside(world, 'k', payload(10));
    const early = hold(world, 'before', 'get');
    const reading = world.engine.read('k');
    await early.reached;
    const unanswered = hold(world, 'after', 'put');
    const writing = world.engine.mutate('k', overwrite(payload(10)));
    await unanswered.reached;
    early.letGo();
    const seen = await reading;
    const seenVersion = seen.kind === 'hit' ? seen.info.version : undefined;
    expect((await world.engine.info('k'))?.version).toBe(seenVersion);
    unanswered.letGo();
    await writing;
    expect((await world.engine.info('k'))?.version).toBe(seenVersion);
  });

  it('by a write that others had replaced before it was acknowledged', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(10)));
    await world.engine.mutate('k', { needs: 'info', decide: () => ({ kind: 'delete', result: true }) });
    world.clock.advance(2000);
    const unanswered = hold(world, 'after', 'put');
    const writing = world.engine.mutate('k', overwrite(payload(20)));
    await unanswered.reached;
    await putFromOutside(world, 'k', payload(30));
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(30)));
    unanswered.letGo();
    await writing;
    expect((await world.engine.info('k'))?.sizeBytes).toBe(30);
  });
});

it('a reader that found nothing, since others had deleted what was written, is believed', async () => {
  const world = createWorld();
  const unanswered = hold(world, 'after', 'put');
  const writing = world.engine.mutate('k', overwrite(payload(20)));
  await unanswered.reached;
  await world.store.delete('k', (await world.store.head('k'))?.etag ?? '');
  expect(await valueOf(world, 'k')).toBeUndefined();
  unanswered.letGo();
  await writing;
  expect(await world.engine.info('k')).toBeUndefined();
});

describe('an object that was replaced in the store, of which memory has lost a part', () => {
  it('is read anew after one read was cut', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(600_000)));
    await placed(world, 'k');
    const place = world.engine.knowledge.peek('k')?.placed;
    const last = (place?.layout.fragments ?? 0) - 1;
    for (const [index, node] of place?.fragments[last]?.nodes.entries() ?? []) {
      world.fleet.evict(node, [{ epoch: 1, counter: place?.id.counter ?? 0, fragment: last, index }]);
    }
    await putFromOutside(world, 'k', payload(20));
    await expect(valueOf(world, 'k')).rejects.toThrow('replaced while it was being read');
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(20)));
  });
});

describe('an object whose time runs out while its expiry is being taken away', () => {
  it('is not missed by a read that would have to find it again', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(10), world.clock.wallMs() + 1000));
    const unanswered = hold(world, 'before', 'metadata');
    const persisting = world.engine.mutate('k', persist);
    await unanswered.reached;
    world.clock.advance(1000);
    const reading = valueOf(world, 'k');
    const asking = world.engine.info('k');
    unanswered.letGo();
    expect(await persisting).toBe(true);
    expect(await reading).toEqual(Buffer.from(payload(10)));
    expect((await asking)?.sizeBytes).toBe(10);
  });

  it('is not missed by a read whose answer from the store was overtaken', async () => {
    const world = createWorld();
    const expiresAtMs = world.clock.wallMs() + 1000;
    await world.store.put('k', payload(10), { version: '1.99', expiresAtMs }, { kind: 'absent' });
    const slow = hold(world, 'after', 'get');
    const reading = valueOf(world, 'k');
    await slow.reached;
    expect(await world.engine.mutate('k', persist)).toBe(true);
    world.clock.advance(1000);
    slow.letGo();
    expect(await reading).toEqual(Buffer.from(payload(10)));
  });

  it('is gone for a change that is decided after that time, however long before it began', async () => {
    const world = createWorld({ capacityBytes: 0 });
    await world.engine.mutate('k', overwrite(payload(10), world.clock.wallMs() + 1000));
    const slow = hold(world, 'after', 'get');
    const swapping = world.engine.mutate('k', {
      needs: { value: true, maxValueBytes: 100 },
      decide: (current) => ({ kind: 'write', bytes: payload(20), result: current }),
    });
    await slow.reached;
    world.clock.advance(1000);
    expect(await valueOf(world, 'k')).toBeUndefined();
    slow.letGo();
    expect(await swapping).toBeUndefined();
  });
});

it('a body that memory has lost goes on with the same version while its expiry changes', async () => {
  const world = createWorld();
  await world.engine.mutate('k', overwrite(payload(600_000)));
  await placed(world, 'k');
  const outcome = await world.engine.read('k');
  if (outcome.kind !== 'hit') throw new Error(outcome.kind);
  for (let node = 0; node < 12; node++) world.fleet.lose(node);
  const unanswered = hold(world, 'after', 'metadata');
  const persisting = world.engine.mutate('k', persist);
  await unanswered.reached;
  const reading = outcome.body.bytes();
  await new Promise((resolve) => setImmediate(resolve));
  unanswered.letGo();
  expect(Buffer.compare(await reading, payload(600_000))).toBe(0);
  await persisting;
});

it('a change that found its object expired by the one before it in the fold finds nothing', async () => {
  const world = createWorld();
  await world.engine.mutate('k', overwrite(payload(10)));
  const nowMs = world.clock.wallMs();
  const look: Mutation<unknown> = { needs: 'info', decide: (current) => ({ kind: 'keep', result: current?.info }) };
  const expire: Mutation<true> = {
    needs: 'info',
    decide: () => ({ kind: 'expire', expiresAtMs: nowMs, result: true }),
  };
  const results = await Promise.all([
    world.engine.mutate('k', look),
    world.engine.mutate('k', expire),
    world.engine.mutate('k', look),
    world.engine.mutate('k', overwrite(payload(5), nowMs)),
    world.engine.mutate('k', look),
  ]);
  expect(results).toEqual([expect.objectContaining({ sizeBytes: 10 }), true, undefined, 'written', undefined]);
});
