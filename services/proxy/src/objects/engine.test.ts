import { silentLog, VirtualStore, type VirtualStoreHooks, type VirtualStoreRequest } from '@sion/components';
import { createPlacement, type LayoutId, nameOfKey, parseStripes } from '@sion/core';
import { SionError } from '@sion/wire';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { createMemoryFleet } from '../../../../tests/doubles/memory-fleet.ts';
import { CountedMetrics } from '../metrics/counted-metrics.ts';
import { Engine } from './engine.ts';
import type { Mutation, NewBytes } from './objects.ts';

const mib = 1024 * 1024;

interface World {
  readonly engine: Engine;
  readonly store: VirtualStore;
  readonly fleet: ReturnType<typeof createMemoryFleet>;
  readonly clock: ReturnType<typeof createManualClock>;
  readonly metrics: CountedMetrics;
  readonly requests: string[];
  readonly hooks: { -readonly [Hook in keyof VirtualStoreHooks]: VirtualStoreHooks[Hook] };
  readonly lease: { held: boolean };
}

function createWorld(options: { nodes?: number; capacityBytes?: number; maxChunkBytes?: number } = {}): World {
  const clock = createManualClock();
  const requests: string[] = [];
  const hooks: World['hooks'] = {};
  const store = new VirtualStore({
    wallMs: () => clock.wallMs(),
    hooks: {
      before: (request: VirtualStoreRequest, name: string) => {
        requests.push(`${request} ${name}`);
        return hooks.before?.(request, name);
      },
      after: (request: VirtualStoreRequest, name: string) => hooks.after?.(request, name),
    },
  });
  const fleet = createMemoryFleet(options.nodes ?? 12, options.capacityBytes ?? 64 * mib);
  const lease = { held: true };
  let counter = 0;
  const metrics = new CountedMetrics();
  const engine = new Engine({
    clock,
    log: silentLog,
    store,
    fleet,
    metrics,
    placement: createPlacement({ nodes: fleet.size, groupSize: 12 }),
    lease: {
      isHeld: () => lease.held,
      assertHeld: () => {
        if (!lease.held) throw new SionError('closed', 'no lease');
      },
      expiryNowMs: () => clock.wallMs(),
    },
    nextId: (): LayoutId => ({ epoch: 1, counter: ++counter }),
    settings: {
      stripes: parseStripes('16KiB=1+1,*=4+2'),
      maxChunkBytes: options.maxChunkBytes ?? 64 * 1024,
      bodyMemoryBytes: 64 * mib,
      maxKeyBytes: 512,
      maxObjectBytes: 64 * mib,
      keptMaxBytes: 256 * 1024,
      maxEntries: 1000,
      maxAbsentKeys: 100,
      absentTtlMs: 1000,
      hedgeMs: 50,
      fetchTimeoutMs: 1000,
      placePatienceMs: 100,
      placeOnRead: true,
      sweepMs: 1000,
      listSweepMs: 60_000,
    },
  });
  return { engine, store, fleet, clock, metrics, requests, hooks, lease };
}

function payload(sizeBytes: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let state = seed;
  for (let at = 0; at < sizeBytes; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

function overwrite(bytes: Uint8Array, expiresAtMs?: number): Mutation<'written'> {
  const expiry = expiresAtMs === undefined ? {} : { expiresAtMs };
  return { needs: 'nothing', decide: () => ({ kind: 'write', bytes, ...expiry, result: 'written' }) };
}

const remove: Mutation<boolean> = {
  needs: 'info',
  decide: (current) => (current === undefined ? { kind: 'keep', result: false } : { kind: 'delete', result: true }),
};

const increment: Mutation<number> = {
  needs: { value: true, maxValueBytes: 32 },
  decide: (current) => {
    const next = Number(Buffer.from(current?.value ?? Buffer.from('0')).toString()) + 1;
    return { kind: 'write', bytes: Buffer.from(String(next)), result: next };
  },
};

async function* piecesOf(bytes: Uint8Array, pieceBytes = 50_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.slice(at, at + pieceBytes);
}

async function putStream(world: World, key: string, source: NewBytes): Promise<void> {
  const staged = await world.engine.stage(key, source);
  await world.engine.mutate(key, {
    needs: 'nothing',
    decide: () => ({ kind: 'write', bytes: staged, result: undefined }),
  });
  await staged.discard();
}

async function valueOf(world: World, key: string): Promise<Buffer | undefined> {
  const outcome = await world.engine.read(key);
  return outcome.kind === 'hit' ? Buffer.from(await outcome.body.bytes()) : undefined;
}

/** Lets time pass in steps, with everything that becomes ready in between carried out. */
async function pass(world: World, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 500) {
    world.clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Resolves when the placement of the key is complete. */
async function placed(world: World, key: string): Promise<void> {
  while (!world.engine.places(key)?.complete) await new Promise((resolve) => setImmediate(resolve));
}

function failing(code: 'unavailable' | 'indeterminate'): () => never {
  return () => {
    throw new SionError(code, 'injected');
  };
}

describe('a put', () => {
  it.each([0, 1, 1000, 16 * 1024, 16 * 1024 + 1, 64 * 1024 * 4, 64 * 1024 * 4 + 1, 3 * mib + 17])(
    'of %d bytes lies in the store as it is and is served from memory without the store',
    async (sizeBytes) => {
      const world = createWorld();
      const bytes = payload(sizeBytes);
      await putStream(world, 'k', { kind: 'stream', sizeBytes, pieces: piecesOf(bytes) });
      await placed(world, 'k');
      const stored = await world.store.get(nameOfKey('k'));
      expect(stored.kind).toBe('hit');
      world.hooks.before = failing('unavailable');
      expect(Buffer.compare((await valueOf(world, 'k')) ?? Buffer.from('miss'), bytes)).toBe(0);
      expect(world.metrics.snapshot().gets).toMatchObject({ memory: 1, store: 0, decoded: 0 });
    },
  );

  it('of unknown size is cut like one of known size', async () => {
    const world = createWorld();
    for (const sizeBytes of [0, 10, 16 * 1024, 16 * 1024 + 1, 2 * mib + 1]) {
      const bytes = payload(sizeBytes, sizeBytes + 1);
      await putStream(world, `k${sizeBytes}`, { kind: 'stream', pieces: piecesOf(bytes) });
      await placed(world, `k${sizeBytes}`);
      expect(Buffer.compare((await valueOf(world, `k${sizeBytes}`)) ?? Buffer.from('miss'), bytes)).toBe(0);
    }
    expect(world.metrics.snapshot().gets.memory).toBe(5);
  });

  it('costs one HEAD for an unknown key and none for a known one', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(10)));
    await world.engine.mutate('k', overwrite(payload(11)));
    expect(world.requests).toEqual(['head k', 'put k', 'put k']);
  });

  it('frees the chunks of the version before', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(100_000)));
    await placed(world, 'k');
    expect(world.fleet.chunks).toBe(6);
    await world.engine.mutate('k', overwrite(payload(10)));
    await placed(world, 'k');
    expect(world.fleet.chunks).toBe(2);
    await world.engine.mutate('k', remove);
    expect(world.fleet.chunks).toBe(0);
  });

  it('that is discarded leaves no trace', async () => {
    const world = createWorld();
    const staged = await world.engine.stage('k', { kind: 'stream', pieces: piecesOf(payload(mib)) });
    expect(world.store.openUploads).toBe(1);
    await staged.discard();
    await world.engine.drain();
    expect(world.store.openUploads).toBe(0);
    expect(world.fleet.chunks).toBe(0);
  });

  it('whose body breaks off leaves no trace', async () => {
    const world = createWorld();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield payload(600_000);
      throw new SionError('invalid', 'the client went away');
    }
    await expect(world.engine.stage('k', { kind: 'stream', pieces: broken() })).rejects.toThrow('went away');
    const short = world.engine.stage('k', { kind: 'stream', sizeBytes: mib, pieces: piecesOf(payload(10)) });
    await expect(short).rejects.toThrow('ended after 10 of 1048576 bytes');
    await world.engine.drain();
    expect(world.store.openUploads).toBe(0);
    expect(world.fleet.chunks).toBe(0);
    expect(await world.store.head('k')).toBeUndefined();
  });

  it('is acknowledged though no node takes a chunk', async () => {
    const world = createWorld({ capacityBytes: 0 });
    await world.engine.mutate('k', overwrite(payload(1000)));
    await world.engine.drain();
    expect(world.metrics.snapshot().unplacedObjects).toBe(1);
  });

  it('evicts the coldest objects when the fleet is full', async () => {
    const world = createWorld({ nodes: 12, capacityBytes: 100_000 });
    for (let number = 0; number < 40; number++) {
      await world.engine.mutate(`k${number}`, overwrite(payload(100_000, number)));
    }
    await placed(world, 'k39');
    expect(await valueOf(world, 'k0')).toEqual(Buffer.from(payload(100_000, 0)));
    expect(world.metrics.snapshot().gets.store).toBe(1);
  });
});

describe('a get', () => {
  it('decodes when p nodes are lost, and puts the lost chunks back', async () => {
    const world = createWorld();
    const bytes = payload(200_000);
    await world.engine.mutate('k', overwrite(bytes));
    await placed(world, 'k');
    for (const name of world.engine.places('k')?.fragments[0]?.slice(0, 2) ?? []) {
      world.fleet.loseSilently(Number(name?.slice('node-'.length)));
    }
    world.hooks.before = failing('unavailable');
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(bytes));
    expect(world.metrics.snapshot().gets).toMatchObject({ decoded: 1, store: 0 });
  });

  it('repairs what an announced loss took', async () => {
    const world = createWorld();
    const bytes = payload(200_000);
    await world.engine.mutate('k', overwrite(bytes));
    await placed(world, 'k');
    world.fleet.lose(Number(world.engine.places('k')?.fragments[0]?.[1]?.slice('node-'.length)));
    expect(world.engine.places('k')?.complete).toBe(false);
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(bytes));
    await placed(world, 'k');
    expect(world.metrics.snapshot()).toMatchObject({ repairedChunks: 1, recoveries: 1, lostChunks: 1 });
  });

  it('reads what memory lost from the store, by range', async () => {
    const world = createWorld();
    const bytes = payload(200_000);
    await world.engine.mutate('k', overwrite(bytes));
    await placed(world, 'k');
    for (let node = 0; node < 12; node++) world.fleet.lose(node);
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(bytes));
    expect(world.metrics.snapshot().gets).toMatchObject({ store: 1 });
  });

  it('of a cold object costs one request, and the next is served from memory', async () => {
    const world = createWorld();
    await world.store.put('k', payload(300_000), {}, { kind: 'absent' });
    world.requests.length = 0;
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(300_000)));
    expect(world.requests).toEqual(['get k']);
    await placed(world, 'k');
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(300_000)));
    expect(world.metrics.snapshot().gets).toMatchObject({ store: 1, memory: 1 });
  });

  it('of a missing key asks the store once, until a put', async () => {
    const world = createWorld();
    expect(await valueOf(world, 'k')).toBeUndefined();
    expect(await valueOf(world, 'k')).toBeUndefined();
    expect(world.requests).toEqual(['get k']);
    await world.engine.mutate('k', overwrite(payload(5)));
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(5)));
  });

  it('of a range reads only the chunks that it touches', async () => {
    const world = createWorld();
    const bytes = payload(mib);
    await world.engine.mutate('k', overwrite(bytes));
    await placed(world, 'k');
    const outcome = await world.engine.read('k', { range: { start: 70_000, end: 70_010 } });
    if (outcome.kind !== 'hit') throw new Error(outcome.kind);
    expect(Buffer.from(await outcome.body.bytes())).toEqual(Buffer.from(bytes.subarray(70_000, 70_010)));
    expect(world.fleet.fetches).toBe(1);
    const suffix = await world.engine.read('k', { range: { suffix: 3 } });
    expect(suffix.kind === 'hit' ? Buffer.from(await suffix.body.bytes()) : undefined).toEqual(
      Buffer.from(bytes.subarray(-3)),
    );
    expect((await world.engine.read('k', { range: { start: mib } })).kind).toBe('outside');
  });

  it('finishes from memory while the object is overwritten', async () => {
    const world = createWorld();
    const bytes = payload(mib);
    await world.engine.mutate('k', overwrite(bytes));
    await placed(world, 'k');
    const outcome = await world.engine.read('k');
    await world.engine.mutate('k', overwrite(payload(100, 9)));
    expect(outcome.kind === 'hit' ? Buffer.from(await outcome.body.bytes()) : undefined).toEqual(Buffer.from(bytes));
    await placed(world, 'k');
    expect(world.fleet.chunks).toBe(2);
  });

  it('is cut, not continued with other bytes, when the version has gone from memory and store', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(mib)));
    await placed(world, 'k');
    const outcome = await world.engine.read('k');
    if (outcome.kind !== 'hit') throw new Error(outcome.kind);
    await world.engine.mutate('k', overwrite(payload(mib, 2)));
    for (let node = 0; node < 12; node++) world.fleet.lose(node);
    await expect(outcome.body.bytes()).rejects.toThrow('replaced while it was being read');
  });

  it('starts over when others replaced the object before its first byte', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(200_000)));
    await placed(world, 'k');
    for (let node = 0; node < 12; node++) world.fleet.lose(node);
    const etag = (await world.store.head('k'))?.etag ?? '';
    await world.store.put('k', payload(100, 3), {}, { kind: 'match', etag });
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(100, 3)));
  });

  it('never gives bytes that fail their checksum', async () => {
    const world = createWorld();
    await world.store.put('k', payload(1000), { version: '1.1', crc32: 12_345 }, { kind: 'absent' });
    await expect(valueOf(world, 'k')).rejects.toMatchObject({ code: 'corrupt' });
  });
});

describe('concurrent writes of one key', () => {
  it('are exact and fold into few store requests', async () => {
    const world = createWorld();
    const counts = await Promise.all(Array.from({ length: 100 }, () => world.engine.mutate('n', increment)));
    expect([...counts].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(Buffer.from((await valueOf(world, 'n')) ?? []).toString()).toBe('100');
    expect(world.requests.filter((request) => request.startsWith('put')).length).toBeLessThanOrEqual(10);
  });

  it('that others overtake are decided anew', async () => {
    const world = createWorld();
    await world.engine.mutate('n', increment);
    const etag = (await world.store.head('n'))?.etag ?? '';
    await world.store.put('n', Buffer.from('41'), {}, { kind: 'match', etag });
    expect(await world.engine.mutate('n', increment)).toBe(42);
  });

  it('keep what was decided before a change when the change fails', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(5)));
    world.hooks.before = (request) => (request === 'put' ? failing('unavailable')() : undefined);
    const look: Mutation<string> = { needs: 'info', decide: (current) => ({ kind: 'keep', result: typeof current }) };
    const blocker = world.engine.mutate('k', look);
    const results = await Promise.allSettled([
      blocker,
      world.engine.mutate('k', look),
      world.engine.mutate('k', increment),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(5)));
  });
});

describe('a write whose result is unknown', () => {
  it('that landed is read back, and never taken back', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(5)));
    world.hooks.after = (request) => (request === 'put' ? failing('indeterminate')() : undefined);
    await expect(world.engine.mutate('k', overwrite(payload(6)))).rejects.toMatchObject({ code: 'indeterminate' });
    delete world.hooks.after;
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(6)));
    await world.engine.mutate('k', overwrite(payload(7)));
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(7)));
  });

  it('of a key that was believed missing does not leave it missing', async () => {
    const world = createWorld();
    expect(await valueOf(world, 'k')).toBeUndefined();
    world.hooks.after = (request) => (request === 'put' ? failing('indeterminate')() : undefined);
    await expect(world.engine.mutate('k', overwrite(payload(6)))).rejects.toMatchObject({ code: 'indeterminate' });
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(6)));
  });
});

describe('a lookup that a write overtook', () => {
  it('is not believed', async () => {
    const world = createWorld();
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    world.hooks.after = (request) => (request === 'get' ? held : undefined);
    const early = world.engine.read('k');
    await world.engine.mutate('k', overwrite(payload(5)));
    letGo();
    expect((await early).kind).toBe('miss');
    delete world.hooks.after;
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(5)));
  });
});

describe('without the lease', () => {
  it('nothing is answered and nothing written', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(5)));
    world.lease.held = false;
    world.requests.length = 0;
    await expect(world.engine.read('k')).rejects.toMatchObject({ code: 'closed' });
    await expect(world.engine.info('k')).rejects.toMatchObject({ code: 'closed' });
    await expect(world.engine.mutate('k', overwrite(payload(6)))).rejects.toMatchObject({ code: 'closed' });
    expect(world.requests).toEqual([]);
  });

  it('a write that landed too late is not acknowledged', async () => {
    const world = createWorld();
    world.hooks.after = (request) => {
      if (request === 'put') world.lease.held = false;
    };
    await expect(world.engine.mutate('k', overwrite(payload(6)))).rejects.toMatchObject({ code: 'indeterminate' });
  });
});

describe('expiry', () => {
  it('hides the key, and the key leaves the store', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(5), world.clock.wallMs() + 1000));
    expect((await world.engine.info('k'))?.expiresAtMs).toBe(world.clock.wallMs() + 1000);
    world.clock.advance(1000);
    expect(await valueOf(world, 'k')).toBeUndefined();
    await world.engine.drain();
    expect(await world.store.head('k')).toBeUndefined();
  });

  it('removes keys that nobody asks for', async () => {
    const world = createWorld();
    await world.engine.mutate('known', overwrite(payload(5), world.clock.wallMs() + 1000));
    await world.store.put('unknown', payload(1), { expiresAtMs: world.clock.wallMs() + 1000 }, { kind: 'absent' });
    await pass(world, 63_000);
    await world.engine.drain();
    expect(await world.store.head('known')).toBeUndefined();
    expect(await world.store.head('unknown')).toBeUndefined();
  });

  it('changes keep the bytes in memory', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(200_000)));
    await placed(world, 'k');
    const expiresAtMs = world.clock.wallMs() + 5000;
    await world.engine.mutate('k', { needs: 'info', decide: () => ({ kind: 'expire', expiresAtMs, result: 1 }) });
    expect((await world.engine.info('k'))?.expiresAtMs).toBe(expiresAtMs);
    expect((await world.store.head('k'))?.metadata.expiresAtMs).toBe(expiresAtMs);
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(200_000)));
    expect(world.metrics.snapshot().gets.memory).toBe(1);
  });
});
