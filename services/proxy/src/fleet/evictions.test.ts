import { describe, expect, test } from 'vitest';
import { until } from '../../../../tests/doubles/turns.ts';
import { chunkOf, createRig, entryOf, quiet } from './fleet-rig.test-data.ts';

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

  test('of many bytes wake nobody while the budget saves, and are told by the next session', async () => {
    const verdict = { isSaving: true };
    const rig = await createRig({ evictionWakeBytes: 1000 }, { verdict });
    for (const counter of [1, 2, 3]) await rig.hold(chunkOf(counter, 'x'.repeat(1000)));
    await rig.endSession();
    rig.fleet.evict(0, [chunkOf(1).id]);
    await quiet();
    expect(rig.functions.invocations).toHaveLength(1);
    verdict.isSaving = false;
    rig.fleet.evict(0, [chunkOf(2).id]);
    await until(() => rig.instance().manifest.count === 1);
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
