import { describe, expect, it } from 'vitest';
import {
  createWorld,
  failing,
  overwrite,
  payload,
  piecesOf,
  placed,
  valueOf,
  type World,
} from './engine-world.test-data.ts';
import type { ReadOutcome } from './objects.ts';

const mib = 1024 * 1024;
/** Seven eighths of it for fragments of 256 KiB: 28 of them. */
const bodyMemoryBytes = 8 * mib;
const fragments = 28;
const sizeBytes = mib;

async function worldWithObject(): Promise<World> {
  const world = createWorld({ bodyMemoryBytes });
  await world.engine.mutate('large', overwrite(payload(sizeBytes)));
  await world.engine.mutate('small', overwrite(payload(100)));
  await placed(world, 'large');
  await placed(world, 'small');
  return world;
}

/** Readers that hold their first fragment and never go on. */
async function idleReaders(world: World, count: number): Promise<readonly ReadOutcome[]> {
  return await Promise.all(Array.from({ length: count }, () => world.engine.read('large')));
}

describe('the pieces of a body', () => {
  it('go back to the fleet when they are said to be out of use, each once, and are right until then', async () => {
    const world = await worldWithObject();
    for (let round = 0; round < 2; round++) {
      const outcome = await world.engine.read('large');
      if (outcome.kind !== 'hit') throw new Error(outcome.kind);
      let readBytes = 0;
      let pieces = 0;
      const before = world.fleet.givenBack;
      for await (const piece of outcome.body) {
        expect(
          Buffer.from(payload(sizeBytes))
            .subarray(readBytes, readBytes + piece.length)
            .equals(piece),
        ).toBe(true);
        readBytes += piece.length;
        pieces++;
        outcome.body.giveBack?.(piece);
        outcome.body.giveBack?.(piece);
      }
      expect(readBytes).toBe(sizeBytes);
      expect(world.fleet.givenBack - before).toBe(pieces);
    }
  });

  it('are kept until nothing has to be made from them any more', async () => {
    const world = await worldWithObject();
    const late = Number(world.engine.places('large')?.fragments[0]?.[3]?.slice('node-'.length));
    const { promise, resolve } = Promise.withResolvers<void>();
    world.fleet.gate = async (request, node) => {
      if (request !== 'fetch' || node !== late) return;
      await promise;
      return 'missing';
    };
    const outcome = await world.engine.read('large');
    if (outcome.kind !== 'hit') throw new Error(outcome.kind);
    const read: Buffer[] = [];
    for await (const piece of outcome.body) {
      read.push(Buffer.from(piece));
      outcome.body.giveBack?.(piece);
      if (read.length === 3) resolve();
    }
    expect(Buffer.concat(read).equals(payload(sizeBytes))).toBe(true);
    expect(world.metrics.snapshot().gets).toMatchObject({ decoded: 1, store: 0 });
  });

  it('that chunks are put back from stay as they are', async () => {
    const world = await worldWithObject();
    world.fleet.lose(Number(world.engine.places('large')?.fragments[0]?.[0]?.slice('node-'.length)));
    const outcome = await world.engine.read('large');
    if (outcome.kind !== 'hit') throw new Error(outcome.kind);
    for await (const piece of outcome.body) outcome.body.giveBack?.(piece);
    await placed(world, 'large');
    expect(await valueOf(world, 'large')).toEqual(Buffer.from(payload(sizeBytes)));
  });
});

describe('the memory for bodies', () => {
  it('is given back by reads that are aborted together, however far they have come', async () => {
    const world = await worldWithObject();
    const gone = new AbortController();
    const reads = Array.from({ length: 3 * fragments }, () => world.engine.read('large', { signal: gone.signal }));
    await Promise.all(reads.slice(0, fragments));
    gone.abort(new Error('The client has gone.'));
    await Promise.allSettled(reads);
    await idleReaders(world, fragments);
    expect(world.metrics.snapshot().gets.store).toBe(0);
  });

  it('is given back by a read that is given up between two pieces, and is asked for no more', async () => {
    const world = await worldWithObject();
    const outcome = await world.engine.read('large');
    if (outcome.kind !== 'hit') throw new Error(outcome.kind);
    await outcome.body[Symbol.asyncIterator]().next();
    outcome.body.cancel();
    expect(world.engine.memory.parts.budget.usedBytes).toBe(0);
  });

  it('is given back by a read whose caller had gone before it began', async () => {
    const world = await worldWithObject();
    for (let round = 0; round < fragments; round++) {
      await expect(world.engine.read('large', { signal: AbortSignal.abort() })).rejects.toThrow();
    }
    await idleReaders(world, fragments);
  });

  it('that idle readers hold keeps no small read waiting', async () => {
    const world = await worldWithObject();
    await idleReaders(world, fragments);
    expect(await valueOf(world, 'small')).toEqual(Buffer.from(payload(100)));
    expect(world.metrics.snapshot().gets).toMatchObject({ memory: 1, store: 0 });
  });

  it('that idle readers hold sends a large read to the store, once it has waited', async () => {
    const world = await worldWithObject();
    await idleReaders(world, fragments);
    const read = world.engine.read('large');
    world.clock.advance(1000);
    const outcome = await read;
    const bytes = outcome.kind === 'hit' ? Buffer.from(await outcome.body.bytes()) : undefined;
    expect(bytes?.equals(payload(sizeBytes))).toBe(true);
    expect(world.metrics.snapshot().gets).toMatchObject({ store: 1 });
  });

  it('goes back to the functions as soon as there is room again', async () => {
    const world = await worldWithObject();
    const [first, ...others] = await idleReaders(world, fragments);
    const read = world.engine.read('large');
    world.clock.advance(1000);
    const outcome = await read;
    if (outcome.kind !== 'hit' || first?.kind !== 'hit') throw new Error(outcome.kind);
    for (const other of others) if (other.kind === 'hit') other.body.cancel();
    const before = world.fleet.fetches;
    await outcome.body.bytes();
    expect(world.fleet.fetches).toBeGreaterThan(before);
  });

  it('that is exhausted lets a write pass through to the store', async () => {
    const world = await worldWithObject();
    await idleReaders(world, fragments);
    for (let index = 0; index < 4; index++) {
      const held = world.engine.stage(`held${index}`, { kind: 'stream', sizeBytes: 250_000, pieces: endless() });
      held.catch(() => {});
    }
    const bytes = payload(200_000, 7);
    const source = { kind: 'stream', sizeBytes: bytes.length, pieces: piecesOf(bytes) } as const;
    const staged = await world.engine.stage('k', source, { place: false });
    const decide = () => ({ kind: 'write', bytes: staged, result: undefined }) as const;
    await world.engine.mutate('k', { needs: 'nothing', decide }, { place: false });
    expect((await world.store.head('k'))?.sizeBytes).toBe(bytes.length);
  });

  it('is not what an error of the store is blamed on', async () => {
    const world = await worldWithObject();
    await idleReaders(world, fragments);
    world.hooks.before = failing('unavailable');
    const read = world.engine.read('large');
    world.clock.advance(1000);
    await expect(read).rejects.toMatchObject({ code: 'unavailable' });
  });
});

async function* endless(): AsyncGenerator<Uint8Array> {
  yield payload(10);
  await new Promise(() => {});
}
