import { describe, expect, test } from 'vitest';
import { chunkOf, createRig, pass, quiet, refusedAs, withhold } from './fleet-rig.test-data.ts';

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
