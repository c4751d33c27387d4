/** What the engine does with functions while the budget saves, and that all of it comes back by itself. */
import { describe, expect, it } from 'vitest';
import {
  createJournaledWorld,
  createWorld,
  failing,
  overwrite,
  pass,
  payload,
  piecesOf,
  placed,
  putStream,
  valueOf,
} from '../objects/engine-world.test-data.ts';
import { createMemoryFiles } from '../objects/trial/life.test-data.ts';

const bytes = payload(300_000);
const other = payload(300_000, 2);
const memory = { durability: 'memory' } as const;

describe('while the budget saves', () => {
  it('the store serves what it has, nothing is placed, and later memory serves again', async () => {
    const budget = { isSaving: false };
    const world = createWorld({ budget });
    await world.engine.mutate('k', overwrite(bytes));
    await placed(world, 'k');
    budget.isSaving = true;
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(bytes));
    await world.engine.mutate('new', overwrite(other));
    expect(await valueOf(world, 'new')).toEqual(Buffer.from(other));
    expect(world.engine.places('new')).toBeUndefined();
    expect(world.metrics.snapshot().gets).toMatchObject({ memory: 0, store: 2 });
    budget.isSaving = false;
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(bytes));
    expect(await valueOf(world, 'new')).toEqual(Buffer.from(other));
    await placed(world, 'new');
    expect(world.metrics.snapshot().gets).toMatchObject({ memory: 1, store: 3 });
  });

  it('what memory alone has is read there, and nothing more is taken for it', async () => {
    const budget = { isSaving: false };
    const world = createWorld({ budget });
    await world.engine.mutate('k', overwrite(bytes), memory);
    budget.isSaving = true;
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(bytes));
    const refused = { code: 'capacity', message: expect.stringContaining('SION_MAX_USD_PER_HOUR') };
    await expect(world.engine.mutate('k', overwrite(other), memory)).rejects.toMatchObject(refused);
    const stream = { kind: 'stream', pieces: (async function* () {})() } as const;
    await expect(world.engine.stage('s', stream, memory)).rejects.toMatchObject(refused);
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(bytes));
    await world.engine.mutate('k', overwrite(other));
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(other));
    expect(await world.store.head('k')).toBeDefined();
  });

  it('a body that is being sent comes from the store from then on, and from memory when that fails', async () => {
    const budget = { isSaving: false };
    const world = createWorld({ budget, maxChunkBytes: 16 * 1024 });
    await world.engine.mutate('k', overwrite(bytes));
    await placed(world, 'k');
    const readTurning = async () => {
      budget.isSaving = false;
      const outcome = await world.engine.read('k');
      if (outcome.kind !== 'hit') throw new Error(outcome.kind);
      budget.isSaving = true;
      const before = world.fleet.fetches;
      const got = Buffer.from(await outcome.body.bytes());
      expect(got.equals(bytes)).toBe(true);
      return { fetches: world.fleet.fetches - before, source: outcome.body.trace.source };
    };
    expect(await readTurning()).toEqual({ fetches: 0, source: 'store' });
    world.hooks.before = failing('unavailable');
    expect(await readTurning()).toMatchObject({ fetches: 16, source: 'memory' });
  });

  it('a placing under way is given up, except of what is to be nowhere else', async () => {
    const budget = { isSaving: false };
    const world = createWorld({ budget, maxChunkBytes: 16 * 1024 });
    const turning = async function* () {
      yield* piecesOf(bytes.slice(0, 100_000));
      budget.isSaving = true;
      yield* piecesOf(bytes.slice(100_000));
    };
    await putStream(world, 'k', { kind: 'stream', sizeBytes: bytes.length, pieces: turning() });
    await pass(world, 500);
    expect(world.fleet.chunks).toBe(0);
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(bytes));
    budget.isSaving = false;
    const source = { kind: 'stream', sizeBytes: bytes.length, pieces: turning() } as const;
    const staged = await world.engine.stage('only', source, memory);
    await world.engine.mutate(
      'only',
      { needs: 'nothing', decide: () => ({ kind: 'write', bytes: staged, result: undefined }) },
      memory,
    );
    expect(await valueOf(world, 'only')).toEqual(Buffer.from(bytes));
    expect(await world.store.head('only')).toBeUndefined();
  });

  it('what the journal alone has is read there, placed or not', async () => {
    const budget = { isSaving: false };
    const world = await createJournaledWorld({ files: createMemoryFiles(), budget });
    world.hooks.before = failing('unavailable');
    const journal = { durability: 'journal' } as const;
    await world.engine.mutate('placed', overwrite(bytes), journal);
    await placed(world, 'placed');
    budget.isSaving = true;
    await world.engine.mutate('new', overwrite(other), journal);
    const before = world.fleet.fetches;
    expect(await valueOf(world, 'placed')).toEqual(Buffer.from(bytes));
    expect(await valueOf(world, 'new')).toEqual(Buffer.from(other));
    expect(world.fleet.fetches).toBe(before);
  });

  it('nobody is warmed by request', async () => {
    const world = createWorld({ budget: { isSaving: true } });
    await world.engine.mutate('k', overwrite(bytes));
    const why = expect.stringContaining('SION_MAX_USD_PER_HOUR');
    await expect(world.engine.warm('k')).rejects.toMatchObject({ code: 'unavailable', message: why });
  });

  it('what is lost comes back on demand, later', async () => {
    const budget = { isSaving: false };
    const world = createWorld({ budget, recovery: { spread: 4, perNode: 4, concurrency: 16 } });
    await world.engine.mutate('k', overwrite(bytes));
    await placed(world, 'k');
    budget.isSaving = true;
    world.fleet.lose(world.engine.knowledge.peek('k')?.placed?.fragments[0]?.nodes[0] ?? -1);
    await pass(world, 5000);
    expect(world.engine.places('k')?.complete).toBe(false);
    expect(world.metrics.snapshot().recoveredChunks).toEqual({ data: 0, parity: 0 });
    budget.isSaving = false;
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(bytes));
    await placed(world, 'k');
  });

  it('what memory alone has stays in its old window when it is read', async () => {
    const budget = { isSaving: false };
    const windows = { intervalMs: 10_000, activeWindows: 1, degradedWindows: 3 };
    const chunkBytes = 16 * 1024;
    const world = createWorld({
      ...{ budget, windows, stripes: '*=4+2', nodes: 24 },
      capacityBytes: 2 * (chunkBytes + 1024),
    });
    const keys = ['k1', 'k2', 'k3', 'k4'];
    for (const key of keys) await world.engine.mutate(key, overwrite(payload(4 * chunkBytes)), memory);
    await pass(world, 10_000);
    expect(world.placement.stateOf(0)).toBe('degraded');
    budget.isSaving = true;
    expect(await valueOf(world, 'k1')).toEqual(Buffer.from(payload(4 * chunkBytes)));
    await pass(world, 1000);
    expect(world.metrics.snapshot().migratedChunks).toBe(0);
    budget.isSaving = false;
    expect(await valueOf(world, 'k1')).toEqual(Buffer.from(payload(4 * chunkBytes)));
    await pass(world, 1000);
    expect(world.metrics.snapshot().migratedChunks).toBe(6);
  });
});
