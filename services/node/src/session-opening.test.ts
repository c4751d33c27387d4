import { crc32 } from 'node:zlib';
import { Manifest } from '@sion/core';
import type { LinkKind } from '@sion/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../../tests/doubles/manual-clock.ts';
import { ScriptedProxy } from './scripted-proxy.test-data.ts';
import { chunkId, minuteMs, SessionBench, token } from './session-bench.test-data.ts';
import { nodeDefaults } from './settings.ts';

const bench = new SessionBench();
beforeEach(() => bench.start());
afterEach(() => bench.stop());

describe('opening', () => {
  it('says hello on both links: who it is, what it holds', async () => {
    const node = bench.newNode({ capacityBytes: 12_345_678 });
    const ended = node.handle(bench.invocation({ session: 42 }), 10 * minuteMs);
    const links = [await bench.proxy.accept(), await bench.proxy.accept()];
    const hellos = await Promise.all(links.map((link) => link.welcome()));
    expect(hellos.map((frame) => frame.message.link).sort()).toEqual(['bulk', 'control']);
    for (const { session, request, message } of hellos) {
      expect([session, request]).toEqual([42, 0]);
      expect(message).toMatchObject({ protocol: 1, node: 'sion-node-003', instance: node.instance, epoch: 7, token });
      expect(message).toMatchObject({ digest: new Manifest().digest(), capacityBytes: 12_345_678 });
    }
    links[0]?.send(42, 0, { type: 'end' });
    expect(await ended).toEqual({ v: 1, instance: node.instance, ended: 'end', chunks: 0, bytes: 0 });
  });

  it('draws an id per instance', () => {
    expect(bench.newNode().instance).toMatch(/^[0-9a-f]{32}$/);
    expect(bench.newNode().instance).not.toBe(bench.newNode().instance);
  });

  it('returns at once when it is only to be warmed', async () => {
    expect(await bench.newNode().handle(bench.invocation({ kind: 'warmup' }), minuteMs)).toMatchObject({
      ended: 'warmup',
    });
    expect(bench.proxy.dialled).toBe(0);
  });

  it('returns when the proxy cannot be reached', async () => {
    const { host, port } = bench.proxy;
    await bench.proxy.close();
    expect(await bench.newNode().handle(bench.invocation({ host, port }), minuteMs)).toMatchObject({
      ended: 'unreachable',
    });
  });

  it('returns when a hello is refused, and gives up its links', async () => {
    const ended = bench.newNode().handle(bench.invocation(), minuteMs);
    const links = [await bench.proxy.accept(), await bench.proxy.accept()];
    const { session } = (await links[0]?.hello()) ?? {};
    links[0]?.send(session ?? -1, 0, { type: 'refuse', code: 'token', reason: 'used up' });
    expect(await ended).toMatchObject({ ended: 'refused' });
    await Promise.all(links.map((link) => link.closed));
  });

  it('returns when a link is closed before it was welcomed', async () => {
    const ended = bench.newNode().handle(bench.invocation(), minuteMs);
    (await bench.proxy.accept()).connection.destroy();
    expect(await ended).toMatchObject({ ended: 'link-lost' });
  });

  it('rejects an event that is no invocation, and a token that no hello can carry', async () => {
    const node = bench.newNode();
    await expect(node.handle({ hello: 'world' }, minuteMs)).rejects.toMatchObject({ code: 'invalid' });
    await expect(node.handle(bench.invocation({ token: 'xyz' }), minuteMs)).rejects.toMatchObject({ code: 'invalid' });
    expect(await node.handle(bench.invocation({ kind: 'warmup' }), minuteMs)).toMatchObject({ ended: 'warmup' });
  });

  it('takes one invocation at a time', async () => {
    const node = bench.newNode();
    const { ended, control } = await bench.openWithChunk(node);
    await expect(node.handle(bench.invocation(), minuteMs)).rejects.toMatchObject({ code: 'internal' });
    control.send(1, 0, { type: 'end' });
    expect(await ended).toMatchObject({ ended: 'end' });
  });
});

describe('between two sessions', () => {
  it('links and chunks survive: the next session says hello on the same links, with the digest', async () => {
    const node = bench.newNode();
    const { control, bulk } = await bench.endedWithChunk(node);
    const expected = new Manifest();
    expected.add({ id: chunkId(1), lengthBytes: 4, checksum: crc32('held') });
    const ended = node.handle(bench.invocation({ session: 2, token: 'cd' }), minuteMs);
    const hellos = await Promise.all([control.welcome(), bulk.welcome()]);
    for (const { session, message } of hellos) {
      expect(session).toBe(2);
      expect(message).toMatchObject({ instance: node.instance, token: 'cd', digest: expected.digest() });
    }
    expect(await control.ask(2, 1, { type: 'fetch', id: chunkId(1) })).toMatchObject({ type: 'chunk' });
    control.send(2, 0, { type: 'end' });
    expect(await ended).toMatchObject({ ended: 'end', chunks: 1 });
    expect(bench.proxy.dialled).toBe(2);
  });

  it.each<LinkKind>(['control', 'bulk'])(
    'a %s link that was closed is dialled anew, the other one is kept',
    async (lost) => {
      const node = bench.newNode();
      const links = await bench.endedWithChunk(node);
      links[lost].connection.destroy();
      const kept = links[lost === 'control' ? 'bulk' : 'control'];
      const ended = node.handle(bench.invocation({ session: 2 }), minuteMs);
      const [fresh] = await Promise.all([bench.proxy.accept(), kept.welcome()]);
      expect((await fresh.welcome()).message.link).toBe(lost);
      fresh.send(2, 0, { type: 'end' });
      expect(await ended).toMatchObject({ ended: 'end', chunks: 1 });
      expect(bench.proxy.dialled).toBe(3);
    },
  );

  it('a link whose hello stays unanswered is dialled anew once', async () => {
    const clock = createManualClock();
    const node = bench.newNode({ clock });
    const { control, bulk } = await bench.endedWithChunk(node);
    const ended = node.handle(bench.invocation({ session: 2 }), 10 * minuteMs);
    await Promise.all([control.hello(), bulk.welcome({ heartbeatMs: 1, silenceMs: 100 * minuteMs })]);
    clock.advance(minuteMs);
    const fresh = await bench.proxy.accept();
    await fresh.hello();
    await control.closed;
    clock.advance(minuteMs);
    expect(await ended).toMatchObject({ ended: 'silence', chunks: 1 });
  });

  it('links that were idle for long, or belong to another proxy, are not used again', async () => {
    const clock = createManualClock();
    const node = bench.newNode({ clock });
    const first = await bench.endedWithChunk(node);
    clock.advance(nodeDefaults.maxLinkIdleMs + 1);
    const second = node.handle(bench.invocation({ session: 2 }), minuteMs);
    const fresh = await bench.proxy.open();
    await Promise.all([first.control.closed, first.bulk.closed]);
    fresh.control.send(2, 0, { type: 'end' });
    expect(await second).toMatchObject({ ended: 'end' });

    const other = await ScriptedProxy.start();
    const third = node.handle(bench.invocation({ session: 1, epoch: 8, port: other.port }), minuteMs);
    const links = await other.open();
    await Promise.all([fresh.control.closed, fresh.bulk.closed]);
    links.control.send(1, 0, { type: 'end' });
    expect(await third).toMatchObject({ ended: 'end', chunks: 1 });
    await other.close();
  });

  it('an epoch lower than one seen before is refused without a dial', async () => {
    const node = bench.newNode();
    await bench.endedWithChunk(node);
    const stale = await node.handle(bench.invocation({ epoch: 6, session: 9 }), minuteMs);
    expect(stale).toMatchObject({ ended: 'epoch', chunks: 1 });
    expect(bench.proxy.dialled).toBe(2);
  });
});
