import { encodeFrame } from '@sion/wire';
import { describe, expect, test } from 'vitest';
import { ScriptedInstance } from '../../../../tests/doubles/scripted-instance.ts';
import { until } from '../../../../tests/doubles/turns.ts';
import { chunkOf, createRig, epoch, ok, quiet, refusedAs } from './fleet-rig.test-data.ts';

const stranger = (rig: Awaited<ReturnType<typeof createRig>>) => new ScriptedInstance(rig.network, 'f'.repeat(32));

/** A fleet whose node 0 has been invoked and awaits its hellos. */
async function awaiting() {
  const rig = await createRig({}, { serve: false });
  const stored = rig.fleet.store(0, chunkOf(1));
  const { payload } = rig.invocation();
  const finish = async () => {
    await rig.instance().open(payload);
    expect(await stored).toEqual(ok);
    rig.invocation().returns();
    await rig.fleet.close();
  };
  return { rig, payload, finish };
}

describe('a hello is refused, its link closed, and the session it was not part of goes on', () => {
  test.each([
    ['a wrong token', { token: '00'.repeat(16) }, 'token'],
    ['a token that is too short', { token: '0102' }, 'token'],
    ['a lower epoch', { epoch: epoch - 1 }, 'epoch'],
    ['a higher epoch', { epoch: epoch + 1 }, 'epoch'],
    ['a node that does not exist', { node: 'sion-node-999' }, 'node'],
    ['a node that was not invoked', { node: 'sion-node-001' }, 'session'],
    ['another protocol', { protocol: 2 }, 'protocol'],
  ])('%s', async (_what, changes, code) => {
    const { rig, payload, finish } = await awaiting();
    const peer = stranger(rig);
    await peer.hello('control', payload, changes);
    await until(() => peer.closed.length === 1);
    expect(peer.got('refuse')).toMatchObject([{ code }]);
    expect(rig.state()).toBe('invoking');
    await finish();
  });

  test('a session that is over', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    const { payload } = rig.invocation();
    await rig.endSession();
    const peer = stranger(rig);
    await peer.hello('control', payload);
    await until(() => peer.closed.length === 1);
    expect(peer.got('refuse')).toMatchObject([{ code: 'session' }]);
    expect(rig.fleet.linkCount).toBe(2);
    await rig.fleet.close();
  });

  test('a token that was used before for the same kind of link', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    const peer = stranger(rig);
    for (const kind of ['control', 'bulk'] as const) await peer.hello(kind, rig.invocation().payload);
    await until(() => peer.closed.length === 2);
    expect(peer.got('refuse').map(({ code }) => code)).toEqual(['token', 'token']);
    expect(rig.instance().closed).toEqual([]);
    expect(await rig.fleet.fetch(0, chunkOf(1).id)).toMatchObject({ kind: 'ok' });
    await rig.fleet.close();
  });

  test('a token that has expired', async () => {
    const rig = await createRig({ openTimeoutMs: 3000, helloTimeoutMs: 3000 }, { serve: false });
    void rig.fleet.store(0, chunkOf(1));
    const { payload } = rig.invocation();
    rig.clock.advance(3000);
    const peer = stranger(rig);
    await peer.hello('control', payload);
    await until(() => peer.closed.length === 1);
    expect(peer.got('refuse')).toHaveLength(1);
    rig.invocation().returns();
    await rig.fleet.close();
  });

  test('a second instance in the same session', async () => {
    const { rig, payload } = await awaiting();
    await rig.instance().hello('control', payload);
    const peer = stranger(rig);
    await peer.hello('bulk', payload);
    await until(() => peer.closed.length === 1);
    expect(peer.got('refuse')).toMatchObject([{ code: 'session' }]);
    expect(rig.instance().closed).toEqual([]);
    rig.invocation().returns();
    await rig.fleet.close();
  });

  test('a link that changes hands', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    await rig.endSession();
    rig.functions.onInvoke = () => {};
    void rig.fleet.store(1, chunkOf(2));
    await rig.instance().hello('control', rig.invocation().payload);
    await until(() => rig.instance().closed.length === 1);
    expect(rig.instance().got('refuse')).toMatchObject([{ code: 'node' }]);
    expect(rig.state(1)).toBe('invoking');
    rig.invocation().returns();
    await rig.fleet.close();
  });

  test('while the fleet is closing', async () => {
    const { rig, payload } = await awaiting();
    const peer = stranger(rig);
    await peer.dial('control', payload);
    const closing = rig.fleet.close();
    await peer.hello('control', payload);
    await until(() => peer.closed.length === 1);
    expect(peer.got('refuse')).toMatchObject([{ code: 'closed' }]);
    rig.invocation().returns({ ended: 'refused' });
    await closing;
  });
});

describe('a connection', () => {
  test('that says nothing is closed after the hello time-out', async () => {
    const { rig, payload, finish } = await awaiting();
    const peer = stranger(rig);
    await peer.dial('control', payload);
    rig.clock.advance(rig.settings.helloTimeoutMs - 1);
    await quiet();
    expect(peer.closed).toEqual([]);
    rig.clock.advance(1);
    await until(() => peer.closed.length === 1);
    await finish();
  });

  test('of too many without a hello the oldest are closed; those of sessions do not count', async () => {
    const rig = await createRig({ maxPendingLinks: 3 });
    await rig.hold(chunkOf(1));
    const peers = [1, 2, 3, 4, 5].map(() => stranger(rig));
    const address = { host: '127.0.0.1', port: rig.fleet.linkPort };
    for (const peer of peers) await peer.dial('control', address);
    await quiet();
    expect(peers.map((peer) => peer.closed.length)).toEqual([1, 1, 0, 0, 0]);
    peers[4]?.connections.get('control')?.destroy();
    await quiet();
    const next = stranger(rig);
    await next.dial('control', address);
    await quiet();
    expect(peers.map((peer) => peer.closed.length)).toEqual([1, 1, 0, 0, 1]);
    await rig.fleet.close();
    await until(() => next.closed.length === 1);
  });

  test.each([
    ['bytes of no frame', () => [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
    ['another message than hello', () => encodeFrame({ session: 1, request: 1, message: { type: 'done' } })],
    [
      'a payload before hello',
      () =>
        encodeFrame({ session: 1, request: 1, message: { type: 'chunk', checksum: 0, payload: new Uint8Array(9) } }),
    ],
  ])('with %s is refused with the reason and harms nothing else', async (_what, bytes) => {
    const { rig, payload, finish } = await awaiting();
    const peer = stranger(rig);
    const connection = await peer.dial('control', payload);
    connection.write(bytes());
    await until(() => peer.closed.length === 1);
    expect(peer.got('refuse')).toMatchObject([{ code: 'protocol' }]);
    expect(rig.state()).toBe('invoking');
    await finish();
  });

  test('of a session that breaks the protocol ends that session and no other', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    await rig.hold(chunkOf(2), 1);
    const instance = rig.instance();
    instance.takeOver = ({ frame }) => frame.message.type === 'fetch';
    const fetched = rig.fleet.fetch(0, chunkOf(1).id);
    await until(() => instance.got('fetch').length === 1);
    instance.connections.get('bulk')?.write([Buffer.alloc(16, 0xff)]);
    expect(await fetched).toEqual(refusedAs('unavailable'));
    expect(rig.state()).toBe('severed');
    expect(instance.got('refuse')).toMatchObject([{ code: 'protocol' }]);
    expect(await rig.fleet.fetch(1, chunkOf(2).id)).toMatchObject({ kind: 'ok' });
    rig.invocation(0).returns({ ended: 'link-lost' });
    await rig.fleet.close();
  });
});

test('settings that cannot work together are refused by name', async () => {
  await expect(createRig({ silenceMs: 300 })).rejects.toThrow(/silenceMs = 300: must be at least twice heartbeatMs/);
  await expect(createRig({ linkHost: '0.0.0.0' })).rejects.toThrow(/advertisedHost/);
  await expect(createRig({ nodes: 0 })).rejects.toThrow(/nodes = 0/);
  await expect(createRig({ invocationTimeoutMs: 1000 })).rejects.toThrow(/invocationTimeoutMs = 1000/);
});

test('the advertised address is what nodes are told', async () => {
  const rig = await createRig(
    { linkHost: '0.0.0.0', advertisedHost: 'proxy.internal', advertisedPort: 7777 },
    { serve: false },
  );
  void rig.fleet.store(0, chunkOf(1));
  expect(rig.invocation().payload).toMatchObject({ host: 'proxy.internal', port: 7777 });
  rig.invocation().returns();
  await rig.fleet.close();
});
