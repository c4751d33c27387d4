import { describe, expect, test } from 'vitest';
import { chunkOf, createRig, ok, quiet, refusedAs } from './fleet-rig.test-data.ts';

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
