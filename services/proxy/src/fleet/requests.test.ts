import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Received, ScriptedInstance } from '../../../../tests/doubles/scripted-instance.ts';
import { chunkOf, createRig, entryOf, ok, quiet, refusedAs, until } from './fleet-rig.test-data.ts';

/** Keeps messages of one type unanswered; the test answers, or does not. */
function withhold(instance: ScriptedInstance, type: Received['frame']['message']['type']): Received[] {
  const withheld: Received[] = [];
  instance.takeOver = (received) => {
    if (received.frame.message.type !== type) return false;
    withheld.push(received);
    return true;
  };
  return withheld;
}

/** Time passes in heartbeats, and what they cause happens. */
async function pass(rig: Awaited<ReturnType<typeof createRig>>, totalMs: number): Promise<void> {
  for (let passed = 0; passed < totalMs; passed += 250) {
    rig.clock.advance(250);
    await quiet();
  }
}

describe('a fetch', () => {
  test('of what the manifest does not have wakes nobody', async () => {
    const rig = await createRig();
    expect(await rig.fleet.fetch(0, chunkOf(1).id)).toEqual(refusedAs('missing'));
    expect(rig.functions.invocations).toHaveLength(0);
    await rig.fleet.close();
  });

  test('settles as unavailable when a link is cut, and the next one is served by a new session', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    const instance = rig.instance();
    const withheld = withhold(instance, 'fetch');
    const fetched = rig.fleet.fetch(0, chunkOf(1).id);
    await until(() => withheld.length === 1);
    instance.connections.get('bulk')?.destroy();
    expect(await fetched).toEqual(refusedAs('unavailable'));
    expect(rig.state()).toBe('severed');
    instance.takeOver = () => false;
    const again = rig.fleet.fetch(0, chunkOf(1).id);
    rig.invocation().returns({ ended: 'link-lost' });
    await until(() => rig.state() === 'backoff');
    rig.clock.advance(50);
    expect(await again).toMatchObject({ kind: 'ok' });
    expect(rig.lost).toEqual([]);
    await rig.fleet.close();
  });

  test('of damaged bytes is corrupt: the chunk counts as lost and is evicted', async () => {
    const rig = await createRig();
    const chunk = chunkOf(1);
    await rig.hold(chunk);
    const instance = rig.instance();
    const [withheld] = [withhold(instance, 'fetch')];
    const fetched = rig.fleet.fetch(0, chunk.id);
    await until(() => withheld.length === 1);
    const damaged = Buffer.from('chunk X');
    // Sound by its own checksum, but not the chunk that was stored.
    instance.send('control', withheld[0]?.frame.request ?? 0, {
      type: 'chunk',
      checksum: crc32(damaged),
      payload: damaged,
    });
    expect(await fetched).toEqual(refusedAs('corrupt'));
    expect(rig.lost).toEqual([{ node: 0, ids: [1] }]);
    expect([...rig.fleet.manifest(0)]).toEqual([]);
    await rig.endSession();
    await rig.hold(chunkOf(2));
    expect(instance.got('evict')).toEqual([{ type: 'evict', ids: [chunk.id] }]);
    expect(instance.got('list')).toEqual([]);
    await rig.fleet.close();
  });

  test('of bytes that fail their frame’s checksum is corrupt', async () => {
    const rig = await createRig();
    const chunk = chunkOf(1);
    await rig.hold(chunk);
    const withheld = withhold(rig.instance(), 'fetch');
    const fetched = rig.fleet.fetch(0, chunk.id);
    await until(() => withheld.length === 1);
    rig
      .instance()
      .send('control', withheld[0]?.frame.request ?? 0, { type: 'chunk', checksum: 1, payload: chunk.payload });
    expect(await fetched).toEqual(refusedAs('corrupt'));
    await rig.fleet.close();
  });

  test('of a chunk that the node no longer has reports the loss', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    rig.instance().chunks.clear();
    expect(await rig.fleet.fetch(0, chunkOf(1).id)).toEqual(refusedAs('missing'));
    expect(rig.lost).toEqual([{ node: 0, ids: [1] }]);
    expect(await rig.fleet.fetch(0, chunkOf(1).id)).toEqual(refusedAs('missing'));
    expect(rig.lost).toHaveLength(1);
    await rig.fleet.close();
  });

  test('that was given up by its caller settles as closed; its late answer is dropped', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    const instance = rig.instance();
    const withheld = withhold(instance, 'fetch');
    const giveUp = new AbortController();
    const fetched = rig.fleet.fetch(0, chunkOf(1).id, { signal: giveUp.signal });
    await until(() => withheld.length === 1);
    giveUp.abort();
    expect(await fetched).toEqual(refusedAs('closed'));
    expect(await rig.fleet.fetch(0, chunkOf(1).id, { signal: giveUp.signal })).toEqual(refusedAs('closed'));
    instance.takeOver = () => false;
    for (const received of withheld) instance.answer(received);
    expect(await rig.fleet.fetch(0, chunkOf(1).id)).toMatchObject({ kind: 'ok' });
    await rig.fleet.close();
  });

  test('whose answer carries another session’s number waits on', async () => {
    const rig = await createRig();
    const chunk = chunkOf(1);
    await rig.hold(chunk);
    const instance = rig.instance();
    const withheld = withhold(instance, 'fetch');
    const fetched = rig.fleet.fetch(0, chunk.id, { timeoutMs: 500 });
    await until(() => withheld.length === 1);
    const request = withheld[0]?.frame.request ?? 0;
    instance.send('control', request, { type: 'failed', code: 'missing', message: 'stale' }, instance.session + 1);
    await quiet();
    expect(rig.lost).toEqual([]);
    instance.send('control', request, { type: 'chunk', checksum: chunk.checksum, payload: chunk.payload });
    expect(await fetched).toMatchObject({ kind: 'ok' });
    await rig.fleet.close();
  });

  test('answered with something else ends the session', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    const withheld = withhold(rig.instance(), 'fetch');
    const fetched = rig.fleet.fetch(0, chunkOf(1).id);
    await until(() => withheld.length === 1);
    rig.instance().send('control', withheld[0]?.frame.request ?? 0, { type: 'done' });
    expect(await fetched).toEqual(refusedAs('unavailable'));
    expect(rig.state()).toBe('severed');
    rig.invocation().returns({ ended: 'link-lost' });
    await rig.fleet.close();
  });

  test('waits no longer than its deadline, an invocation included', async () => {
    const rig = await createRig({}, { serve: false });
    rig.fleet.restore(0, [entryOf(chunkOf(1))]);
    const fetched = rig.fleet.fetch(0, chunkOf(1).id, { timeoutMs: 120 });
    rig.clock.advance(120);
    expect(await fetched).toEqual(refusedAs('timeout'));
    await rig.instance().open(rig.invocation().payload);
    await quiet();
    expect(rig.instance().got('fetch')).toEqual([]);
    rig.invocation().returns();
    await rig.fleet.close();
  });
});

describe('a store', () => {
  test('is in the fill from the start and in the manifest once it is confirmed', async () => {
    const rig = await createRig();
    rig.instance().capacityBytes = 1000;
    const chunk = chunkOf(1);
    const stored = rig.fleet.store(0, chunk);
    expect(rig.fleet.fill(0)).toEqual({ usedBytes: chunk.payload.length, capacityBytes: 1 << 29 });
    expect([...rig.fleet.manifest(0)]).toEqual([]);
    expect(await stored).toEqual(ok);
    expect([...rig.fleet.manifest(0)]).toEqual([entryOf(chunk)]);
    expect(rig.fleet.fill(0)).toEqual({ usedBytes: chunk.payload.length, capacityBytes: 1000 });
    expect(await rig.fleet.store(0, chunkOf(2, 'x'.repeat(1000)))).toEqual(refusedAs('capacity'));
    expect(rig.instance().got('store')).toHaveLength(1);
    await rig.fleet.close();
  });

  test('that the node refuses changes nothing', async () => {
    const rig = await createRig();
    const instance = rig.instance();
    instance.takeOver = ({ frame, link }) => {
      if (frame.message.type !== 'store') return false;
      instance.send(link, frame.request, { type: 'failed', code: 'capacity', message: 'full' });
      return true;
    };
    expect(await rig.fleet.store(0, chunkOf(1))).toEqual(refusedAs('capacity'));
    expect(rig.fleet.fill(0).usedBytes).toBe(0);
    await rig.endSession();
    instance.takeOver = () => false;
    await rig.hold(chunkOf(2));
    expect(instance.got('list')).toEqual([]);
    await rig.fleet.close();
  });

  test('that is evicted while it is under way is undone when it ends', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    const instance = rig.instance();
    const withheld = withhold(instance, 'store');
    const stored = rig.fleet.store(0, chunkOf(2));
    await until(() => withheld.length === 1);
    rig.fleet.evict(0, [chunkOf(2).id]);
    await quiet();
    expect(instance.got('evict')).toEqual([]);
    instance.takeOver = () => false;
    for (const received of withheld) instance.answer(received);
    expect(await stored).toEqual(refusedAs('superseded'));
    expect([...rig.fleet.manifest(0)]).toEqual([entryOf(chunkOf(1))]);
    await rig.endSession();
    await rig.hold(chunkOf(3));
    expect(instance.got('evict')).toEqual([{ type: 'evict', ids: [chunkOf(2).id] }]);
    expect(instance.manifest.count).toBe(2);
    await rig.fleet.close();
  });

  test('that is evicted before it was sent is not sent', async () => {
    const rig = await createRig({}, { serve: false });
    const stored = rig.fleet.store(0, chunkOf(1));
    rig.fleet.evict(0, [chunkOf(1).id]);
    await rig.instance().open(rig.invocation().payload);
    expect(await stored).toEqual(refusedAs('superseded'));
    expect(rig.instance().got('store')).toEqual([]);
    expect(rig.fleet.fill(0).usedBytes).toBe(0);
    rig.invocation().returns();
    await rig.fleet.close();
  });

  test('cut off by a lost link is unavailable, and evicted should the node hold it after all', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    const instance = rig.instance();
    const withheld = withhold(instance, 'store');
    const stored = rig.fleet.store(0, chunkOf(2));
    await until(() => withheld.length === 1);
    instance.hold(chunkOf(2).id, chunkOf(2).checksum, chunkOf(2).payload);
    instance.connections.get('control')?.destroy();
    expect(await stored).toEqual(refusedAs('unavailable'));
    instance.takeOver = () => false;
    rig.invocation().returns({ ended: 'link-lost' });
    await until(() => rig.state() === 'backoff');
    rig.clock.advance(50);
    await rig.hold(chunkOf(3));
    expect(instance.manifest.has(chunkOf(2).id)).toBe(false);
    expect(instance.manifest.count).toBe(2);
    expect(rig.lost).toEqual([]);
    await rig.fleet.close();
  });

  test('confirmed after its deadline is not kept', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    const instance = rig.instance();
    const withheld = withhold(instance, 'store');
    const stored = rig.fleet.store(0, chunkOf(2), { timeoutMs: 400 });
    await until(() => withheld.length === 1);
    await pass(rig, 500);
    expect(await stored).toEqual(refusedAs('timeout'));
    instance.takeOver = () => false;
    for (const received of withheld) instance.answer(received);
    await quiet();
    expect([...rig.fleet.manifest(0)]).toEqual([entryOf(chunkOf(1))]);
    await rig.endSession();
    await rig.hold(chunkOf(3));
    expect(instance.manifest.has(chunkOf(2).id)).toBe(false);
    await rig.fleet.close();
  });

  test('past its deadline gives its payload back only when the link has let go of it', async () => {
    const rig = await createRig({ requestTimeoutMs: 100_000 });
    await rig.hold(chunkOf(1));
    const ends = rig.network.dialled.map((connection) => connection.peer);
    for (const end of ends) if (end !== undefined) end.stalled = true;
    let settled = false;
    const stored = rig.fleet.store(0, chunkOf(2, 'x'.repeat(100_000)), { timeoutMs: 400 });
    void stored.then(() => {
      settled = true;
    });
    rig.clock.advance(500);
    await quiet();
    expect(settled).toBe(false);
    for (const end of ends) {
      if (end === undefined) continue;
      end.stalled = false;
      end.flush();
    }
    await pass(rig, 250);
    expect(await stored).toEqual(refusedAs('timeout'));
    await rig.fleet.close();
  });

  test('of a chunk that is on its way already is refused as busy', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    const replies = await Promise.all([rig.fleet.store(0, chunkOf(2)), rig.fleet.store(0, chunkOf(2))]);
    expect(replies).toEqual([ok, refusedAs('busy')]);
    expect([...rig.fleet.manifest(0)]).toHaveLength(2);
    await rig.fleet.close();
  });
});

test('a load is confirmed like a store, with nothing sent but its description', async () => {
  const rig = await createRig();
  const instance = rig.instance();
  instance.takeOver = ({ frame, link }) => {
    if (frame.message.type !== 'load') return false;
    instance.send(link, frame.request, { type: 'done' });
    return true;
  };
  const { id, checksum } = chunkOf(1);
  const load = { id, checksum, storeName: 'k', etag: '"e"', offset: 10, lengthBytes: 200_000 };
  expect(await rig.fleet.load(0, load)).toEqual(ok);
  expect(instance.got('load')).toEqual([{ type: 'load', ...load }]);
  expect([...rig.fleet.manifest(0)]).toEqual([{ id, checksum, lengthBytes: 200_000 }]);
  await rig.fleet.close();
});

describe('queues are bounded', () => {
  test('by bytes: what does not fit is busy, and fits again once others are done', async () => {
    const rig = await createRig({ maxQueuedBytesPerNode: 1000 }, { serve: false });
    const first = rig.fleet.store(0, chunkOf(1, 'x'.repeat(600)));
    expect(await rig.fleet.store(0, chunkOf(2, 'x'.repeat(600)))).toEqual(refusedAs('busy'));
    const third = rig.fleet.store(0, chunkOf(3, 'x'.repeat(400)));
    await rig.instance().open(rig.invocation().payload);
    expect(await first).toEqual(ok);
    expect(await third).toEqual(ok);
    // A chunk beyond the bound still passes when it is alone.
    expect(await rig.fleet.store(0, chunkOf(4, 'x'.repeat(5000)))).toEqual(ok);
    rig.invocation().returns();
    await rig.fleet.close();
  });

  test('by count', async () => {
    const rig = await createRig({ maxQueuedRequestsPerNode: 2 }, { serve: false });
    const waiting = [1, 2].map((counter) => rig.fleet.store(0, chunkOf(counter), { timeoutMs: 50 }));
    expect(await rig.fleet.store(0, chunkOf(3))).toEqual(refusedAs('busy'));
    rig.clock.advance(50);
    expect(await Promise.all(waiting)).toEqual([refusedAs('timeout'), refusedAs('timeout')]);
    expect(rig.fleet.fill(0).usedBytes).toBe(0);
    rig.invocation().returns();
    await rig.fleet.close();
  });

  test('a link that takes no more holds the rest back until it does', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    const ends = rig.network.dialled.map((connection) => connection.peer);
    const large = 2 * 1024 * 1024;
    for (const end of ends) if (end !== undefined) end.stalled = true;
    const stores = [2, 3].map((counter) => rig.fleet.store(0, chunkOf(counter, 'x'.repeat(large))));
    await quiet();
    const queued = ends.reduce((sum, end) => sum + (end?.bufferedBytes ?? 0), 0);
    expect(queued).toBeGreaterThan(large);
    expect(queued).toBeLessThan(large + 1000);
    for (const end of ends) {
      if (end === undefined) continue;
      end.stalled = false;
      end.flush();
    }
    expect(await Promise.all(stores)).toEqual([ok, ok]);
    await rig.fleet.close();
  });
});

describe('heartbeats', () => {
  test('keep a busy session alive as long as they are answered', async () => {
    const rig = await createRig({ requestTimeoutMs: 60_000 });
    await rig.hold(chunkOf(1));
    const instance = rig.instance();
    const withheld = withhold(instance, 'fetch');
    const fetched = rig.fleet.fetch(0, chunkOf(1).id);
    await pass(rig, 5000);
    expect(rig.state()).toBe('open');
    expect(instance.got('ping').length).toBeGreaterThanOrEqual(20);
    for (const received of withheld) instance.answer(received);
    expect(await fetched).toMatchObject({ kind: 'ok' });
    await rig.fleet.close();
  });

  test('a node that answers none for too long loses its links', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    const instance = rig.instance();
    instance.takeOver = () => true;
    const fetched = rig.fleet.fetch(0, chunkOf(1).id);
    await pass(rig, 1000);
    expect(rig.state()).toBe('open');
    await pass(rig, 500);
    expect(await fetched).toEqual(refusedAs('unavailable'));
    expect(rig.state()).toBe('severed');
    expect(instance.closed.toSorted()).toEqual(['bulk', 'control']);
    rig.invocation().end({ kind: 'function-error', errorType: 'Sandbox.Timedout', message: 'timed out' });
    await rig.fleet.close();
  });

  test('a standstill of this process is not the node’s silence', async () => {
    const rig = await createRig({ requestTimeoutMs: 60_000 });
    await rig.hold(chunkOf(1));
    withhold(rig.instance(), 'fetch');
    void rig.fleet.fetch(0, chunkOf(1).id);
    await pass(rig, 500);
    // The timers of ten seconds fire at once, before anything that arrived meanwhile is read.
    rig.clock.stall(10_000);
    await quiet();
    await pass(rig, 1000);
    expect(rig.state()).toBe('open');
    rig.invocation().returns({ ended: 'deadline' });
    await rig.fleet.close();
  });

  test('a link that takes no bytes for a request’s time is given up, though the other one lives', async () => {
    const rig = await createRig({ requestTimeoutMs: 3000 });
    await rig.hold(chunkOf(1));
    const bulk = rig.network.dialled[1]?.peer;
    if (bulk !== undefined) bulk.stalled = true;
    const stored = rig.fleet.store(0, chunkOf(2, 'x'.repeat(100_000)));
    await pass(rig, 2750);
    expect(rig.state()).toBe('open');
    await pass(rig, 1000);
    expect(rig.state()).toBe('severed');
    expect(await stored).toEqual(refusedAs('timeout'));
    rig.invocation().returns({ ended: 'link-lost' });
    await rig.fleet.close();
  });
});

describe('evictions', () => {
  test('wake nobody; the next session tells them before it serves', async () => {
    const rig = await createRig();
    for (let counter = 1; counter <= 3; counter++) await rig.hold(chunkOf(counter));
    await rig.endSession();
    rig.fleet.evict(0, [chunkOf(1).id, chunkOf(2).id, chunkOf(77).id]);
    expect([...rig.fleet.manifest(0)]).toEqual([entryOf(chunkOf(3))]);
    expect(rig.functions.invocations).toHaveLength(1);
    await rig.fleet.fetch(0, chunkOf(3).id);
    const order = rig.instance().received.map(({ frame }) => frame.message.type);
    expect(order.filter((type) => type === 'evict' || type === 'fetch')).toEqual(['evict', 'fetch']);
    expect(rig.instance().got('evict')).toEqual([{ type: 'evict', ids: [chunkOf(1).id, chunkOf(2).id] }]);
    await rig.fleet.close();
  });

  test('of an open session are told at once, those of one turn together', async () => {
    const rig = await createRig();
    for (let counter = 1; counter <= 3; counter++) await rig.hold(chunkOf(counter));
    for (let counter = 1; counter <= 3; counter++) rig.fleet.evict(0, [chunkOf(counter).id]);
    await until(() => rig.instance().manifest.count === 0);
    expect(rig.instance().got('evict')).toHaveLength(1);
    await rig.fleet.close();
  });

  test('of many bytes wake the node by themselves', async () => {
    const rig = await createRig({ evictionWakeBytes: 1000 });
    await rig.hold(chunkOf(1, 'x'.repeat(600)));
    await rig.hold(chunkOf(2, 'x'.repeat(600)));
    await rig.endSession();
    rig.fleet.evict(0, [chunkOf(1).id]);
    expect(rig.functions.invocations).toHaveLength(1);
    rig.fleet.evict(0, [chunkOf(2).id]);
    await until(() => rig.instance().manifest.count === 0);
    expect(rig.functions.invocations).toHaveLength(2);
    await rig.endSession();
    expect(rig.functions.invocations).toHaveLength(2);
    await rig.fleet.close();
  });

  test('beyond the bound are forgotten and found again by listing', async () => {
    const rig = await createRig({ maxEvictionsPerNode: 2 });
    for (let counter = 1; counter <= 5; counter++) await rig.hold(chunkOf(counter));
    await rig.endSession();
    rig.fleet.evict(
      0,
      [1, 2, 3, 4].map((counter) => chunkOf(counter).id),
    );
    expect(await rig.fleet.fetch(0, chunkOf(5).id)).toMatchObject({ kind: 'ok' });
    expect(rig.instance().got('list')).toHaveLength(1);
    await rig.endSession();
    await rig.fleet.fetch(0, chunkOf(5).id);
    await rig.endSession();
    await rig.fleet.fetch(0, chunkOf(5).id);
    expect(rig.instance().manifest.count).toBe(1);
    await rig.fleet.close();
  });
});
