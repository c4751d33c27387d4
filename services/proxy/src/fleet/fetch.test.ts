import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { until } from '../../../../tests/doubles/turns.ts';
import { chunkOf, createRig, entryOf, quiet, refusedAs, withhold } from './fleet-rig.test-data.ts';

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
