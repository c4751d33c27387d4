import { chunkOverheadBytes } from '@sion/core';
import { describe, expect, test } from 'vitest';
import { until } from '../../../../tests/doubles/turns.ts';
import { chunkOf, createRig, entryOf, ok, pass, quiet, refusedAs, withhold } from './fleet-rig.test-data.ts';

describe('a store', () => {
  test('is in the fill from the start and in the manifest once it is confirmed', async () => {
    const rig = await createRig();
    rig.instance().capacityBytes = 3000;
    const chunk = chunkOf(1);
    const stored = rig.fleet.store(0, chunk);
    expect(rig.fleet.fill(0)).toEqual({ usedBytes: chunk.payload.length + chunkOverheadBytes, capacityBytes: 1 << 29 });
    expect([...rig.fleet.manifest(0)]).toEqual([]);
    expect(await stored).toEqual(ok);
    expect([...rig.fleet.manifest(0)]).toEqual([entryOf(chunk)]);
    expect(rig.fleet.fill(0)).toEqual({ usedBytes: chunk.payload.length + chunkOverheadBytes, capacityBytes: 3000 });
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
