import { describe, expect, test } from 'vitest';
import { nextTurn, until } from '../../../../tests/doubles/turns.ts';
import {
  createWorld,
  failing,
  overwrite,
  payload,
  placed,
  valueOf,
  type World,
  type WorldOptions,
} from './engine-world.test-data.ts';

/** A world in which the store, but nothing else, has `k`; its GETs wait. */
async function withCold(sizeBytes = 300_000, options: WorldOptions = {}) {
  const world = createWorld(options);
  const bytes = Buffer.from(payload(sizeBytes));
  await world.store.put('k', bytes, {}, { kind: 'absent' });
  world.requests.length = 0;
  const held: (() => void)[] = [];
  world.hooks.after = (request) => (request === 'get' ? new Promise<void>((go) => held.push(go)) : undefined);
  const answerAll = () => {
    for (const go of held.splice(0)) go();
  };
  return { world, bytes, held, answerAll };
}

async function bodyOf(world: World, key = 'k') {
  const outcome = await world.engine.read(key);
  if (outcome.kind !== 'hit') throw new Error(outcome.kind);
  return outcome.body;
}

async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

describe('reads of one cold object at a time', () => {
  test('are one request and one placing', async () => {
    const { world, bytes, held, answerAll } = await withCold();
    const reads = [1, 2, 3].map(() => bodyOf(world));
    await until(() => held.length === 1);
    await turns();
    answerAll();
    const bodies = await Promise.all(reads);
    for (const value of await Promise.all(bodies.map((body) => body.bytes())))
      expect(Buffer.from(value)).toEqual(bytes);
    expect(world.requests).toEqual(['get k']);
    expect(bodies.map(({ trace }) => trace.storeRequests)).toEqual([1, 0, 0]);
    await placed(world, 'k');
    expect(world.engine.memory.size).toBe(1);
    await world.engine.drain();
  });

  test('that come while it streams are as well, as long as its beginning is kept', async () => {
    const { world, bytes, answerAll, held } = await withCold();
    const reading = bodyOf(world);
    await until(() => held.length === 1);
    answerAll();
    const first = await reading;
    const pieces = first[Symbol.asyncIterator]();
    await pieces.next();
    const second = await bodyOf(world);
    expect(Buffer.from(await second.bytes())).toEqual(bytes);
    expect(world.requests).toEqual(['get k']);
    await pieces.return?.();
    await world.engine.drain();
  });

  test('ask for themselves when it is not', async () => {
    const { world, bytes, answerAll, held } = await withCold(300_000, { jointReadBytes: 100_000 });
    const reading = bodyOf(world);
    await until(() => held.length === 1);
    answerAll();
    const first = await reading;
    const pieces = first[Symbol.asyncIterator]();
    for (let piece = 0; piece < 4; piece++) await pieces.next();
    const second = bodyOf(world);
    await until(() => held.length === 1);
    answerAll();
    expect(Buffer.from(await (await second).bytes())).toEqual(bytes);
    expect(world.requests).toEqual(['get k', 'get k']);
    await pieces.return?.();
    await world.engine.drain();
  });

  test('do not wait for a slow one, which asks for the rest', async () => {
    const { world, bytes, answerAll, held } = await withCold(300_000, { jointReadBytes: 140_000 });
    const reads = [bodyOf(world), bodyOf(world)];
    await until(() => held.length === 1);
    await turns();
    answerAll();
    const [slow, fast] = await Promise.all(reads);
    const pieces = slow?.[Symbol.asyncIterator]();
    const had = [(await pieces?.next())?.value];
    expect(Buffer.from((await fast?.bytes()) ?? [])).toEqual(bytes);
    const rest = pieces?.next();
    await until(() => held.length === 1);
    answerAll();
    had.push((await rest)?.value);
    for (let next = await pieces?.next(); next?.done === false; next = await pieces?.next()) had.push(next.value);
    expect(Buffer.concat(had.map((piece) => piece ?? Buffer.of()))).toEqual(bytes);
    expect(world.requests).toEqual(['get k', 'get k']);
    expect([slow?.trace.storeRequests, fast?.trace.storeRequests]).toEqual([2, 0]);
    await world.engine.drain();
  });

  test('go on when the one that asked is given up', async () => {
    const { world, bytes, answerAll, held } = await withCold();
    const reads = [bodyOf(world), bodyOf(world)];
    await until(() => held.length === 1);
    await turns();
    answerAll();
    const [first, second] = await Promise.all(reads);
    first?.cancel();
    expect(Buffer.from((await second?.bytes()) ?? [])).toEqual(bytes);
    expect(world.requests).toEqual(['get k']);
    await world.engine.drain();
  });

  test('that find nothing are one request, too, and so are those that fail', async () => {
    const { world, held, answerAll } = await withCold();
    const misses = [1, 2].map(() => world.engine.read('nothing'));
    await until(() => held.length === 1);
    await turns();
    answerAll();
    expect(await Promise.all(misses)).toEqual([{ kind: 'miss' }, { kind: 'miss' }]);
    expect(world.requests).toEqual(['get nothing']);
    world.hooks.after = failing('unavailable');
    const failed = await Promise.allSettled([bodyOf(world), bodyOf(world)]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    world.hooks.after = () => undefined;
    expect(await valueOf(world, 'k')).toBeDefined();
    await world.engine.drain();
  });

  test('each are their own when nothing may be kept', async () => {
    const { world, held, answerAll } = await withCold(300_000, { jointReadBytes: 0 });
    const reads = [bodyOf(world), bodyOf(world)];
    await until(() => held.length === 2);
    answerAll();
    for (const body of await Promise.all(reads)) body.cancel();
    await world.engine.drain();
  });
});

describe('a read does not join a request from before', () => {
  test('a write of the key that was acknowledged', async () => {
    const { world, held, answerAll } = await withCold();
    const early = bodyOf(world);
    await until(() => held.length === 1);
    const newer = Buffer.from(payload(1000, 7));
    await world.engine.mutate('k', overwrite(newer));
    await placed(world, 'k');
    expect(await valueOf(world, 'k')).toEqual(newer);
    answerAll();
    (await early).cancel();
    expect(await valueOf(world, 'k')).toEqual(newer);
    await world.engine.drain();
  });

  test('an invalidation of the key', async () => {
    const { world, held, answerAll } = await withCold();
    const early = bodyOf(world);
    await until(() => held.length === 1);
    const newer = Buffer.from(payload(1000, 7));
    const before = await world.store.head('k');
    await world.store.put('k', newer, {}, { kind: 'match', etag: before?.etag ?? '' });
    await world.engine.invalidate('k');
    const late = bodyOf(world);
    await until(() => held.length === 2);
    answerAll();
    expect(Buffer.from(await (await late).bytes())).toEqual(newer);
    (await early).cancel();
    await world.engine.drain();
  });

  test('a lookup of the key that has ended', async () => {
    const { world, held, answerAll } = await withCold();
    const early = bodyOf(world);
    await until(() => held.length === 1);
    const newer = Buffer.from(payload(1000, 7));
    const before = await world.store.head('k');
    await world.store.put('k', newer, {}, { kind: 'match', etag: before?.etag ?? '' });
    expect((await world.engine.info('k'))?.sizeBytes).toBe(1000);
    const late = bodyOf(world);
    await until(() => held.length === 2);
    answerAll();
    expect(Buffer.from(await (await late).bytes())).toEqual(newer);
    (await early).cancel();
    await world.engine.drain();
  });
});
