import { describe, expect, test } from 'vitest';
import { until } from '../../../../tests/doubles/turns.ts';
import { chunkOf, createRig, quiet, refusedAs, withhold } from './fleet-rig.test-data.ts';

const chunk = chunkOf(1);

/** A rig whose node holds the chunk and leaves fetches unanswered. */
async function stalled(changes: Parameters<typeof createRig>[0] = {}) {
  const rig = await createRig(changes);
  await rig.hold(chunk);
  return { ...rig, withheld: withhold(rig.instance(), 'fetch') };
}

describe('fetches of one chunk at a time', () => {
  test('are one request on the link, and give the same bytes', async () => {
    const { fleet, instance, withheld } = await stalled();
    const fetched = [1, 2, 3].map(() => fleet.fetch(0, chunk.id));
    await until(() => withheld.length > 0);
    await quiet();
    expect(withheld).toHaveLength(1);
    expect(fleet.isFetching(0, chunk.id)).toBe(true);
    for (const received of withheld) instance().answer(received);
    const [first, ...others] = await Promise.all(fetched);
    expect(first).toMatchObject({ kind: 'ok', value: chunk.payload, isSole: false });
    for (const other of others) expect(other).toEqual(first);
    expect(fleet.isFetching(0, chunk.id)).toBe(false);
    await fleet.close();
  });

  test('end for each caller with its own time and its own signal, and for the node with the last one', async () => {
    const { fleet, instance, withheld, clock } = await stalled();
    const giveUp = new AbortController();
    const short = fleet.fetch(0, chunk.id, { timeoutMs: 50 });
    const given = fleet.fetch(0, chunk.id, { signal: giveUp.signal });
    const long = fleet.fetch(0, chunk.id, { timeoutMs: 800 });
    await until(() => withheld.length === 1);
    giveUp.abort();
    expect(await given).toEqual(refusedAs('closed'));
    clock.advance(60);
    expect(await short).toEqual(refusedAs('timeout'));
    const late = fleet.fetch(0, chunk.id, { timeoutMs: 800 });
    for (const received of withheld) instance().answer(received);
    expect(await long).toMatchObject({ kind: 'ok' });
    expect(await late).toMatchObject({ kind: 'ok' });
    expect(withheld).toHaveLength(1);
    await fleet.close();
  });

  test('once all have left, the next one is asked for anew', async () => {
    const { fleet, instance, withheld, clock } = await stalled();
    const fetched = [1, 2].map(() => fleet.fetch(0, chunk.id, { timeoutMs: 50 }));
    await until(() => withheld.length === 1);
    clock.advance(50);
    expect(await Promise.all(fetched)).toEqual([refusedAs('timeout'), refusedAs('timeout')]);
    const next = fleet.fetch(0, chunk.id);
    await until(() => withheld.length === 2);
    for (const received of withheld) instance().answer(received);
    expect(await next).toMatchObject({ kind: 'ok' });
    await fleet.close();
  });

  test('take no room in the queue', async () => {
    const { fleet, instance, withheld } = await stalled({ maxQueuedRequestsPerNode: 1 });
    const fetched = [1, 2].map(() => fleet.fetch(0, chunk.id, { unlessBusy: true }));
    expect(await fleet.store(0, chunkOf(2))).toEqual(refusedAs('busy'));
    await until(() => withheld.length === 1);
    for (const received of withheld) instance().answer(received);
    for (const reply of await Promise.all(fetched)) expect(reply).toMatchObject({ kind: 'ok' });
    expect(fleet.queued(0, 1)).toMatchObject({ requests: 0, bytes: 0 });
    await fleet.close();
  });
});

describe('a node with more to do than it delivers soon', () => {
  const busy = { busyRequestsPerNode: 1 };

  test('refuses those that have another way, and serves the others', async () => {
    const { fleet, withheld, instance, hold } = await stalled(busy);
    const other = chunkOf(2);
    await hold(other);
    const first = fleet.fetch(0, chunk.id, { unlessBusy: true });
    expect(await fleet.fetch(0, other.id, { unlessBusy: true })).toEqual(refusedAs('busy'));
    const patient = fleet.fetch(0, other.id);
    await until(() => withheld.length === 2);
    for (const received of withheld) instance().answer(received);
    expect(await first).toMatchObject({ kind: 'ok' });
    expect(await patient).toMatchObject({ kind: 'ok' });
    await fleet.close();
  });

  test('of large chunks has none the less room for small ones', async () => {
    const { fleet, withheld, instance, hold } = await stalled({ ...busy, bulkThresholdBytes: 100 });
    const large = chunkOf(2, 'x'.repeat(200));
    await hold(large);
    const fetched = fleet.fetch(0, large.id, { unlessBusy: true });
    expect(fleet.queued(0, 200)).toEqual({ requests: 1, bytes: 200, isBusy: true });
    expect(fleet.queued(0, 10)).toEqual({ requests: 0, bytes: 0, isBusy: false });
    const small = fleet.fetch(0, chunk.id, { unlessBusy: true });
    await until(() => withheld.length === 2);
    for (const received of withheld) instance().answer(received);
    for (const reply of [await fetched, await small]) expect(reply).toMatchObject({ kind: 'ok' });
    await fleet.close();
  });
});
