import { crc32 } from 'node:zlib';
import { systemRandom, VirtualStore } from '@sion/components';
import { encodeFrame, type LinkKind } from '@sion/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../../tests/doubles/manual-clock.ts';
import { chunkId, minuteMs, SessionBench } from './session-bench.test-data.ts';

const bench = new SessionBench();
beforeEach(() => bench.start());
afterEach(() => bench.stop());

describe('a session returns', () => {
  it('when it hears nothing for as long as the welcome allows', async () => {
    const clock = createManualClock();
    const ended = bench.newNode({ clock }).handle(bench.invocation(), 10 * minuteMs);
    const { control, bulk } = await bench.proxy.open({ heartbeatMs: 250, silenceMs: 1000 });
    await control.ask(1, 1, { type: 'ping' });
    await bulk.ask(1, 1, { type: 'ping' });
    clock.advance(900);
    await bulk.ask(1, 2, { type: 'ping' });
    clock.advance(999);
    await control.ask(1, 3, { type: 'ping' });
    clock.advance(1000);
    expect(await ended).toMatchObject({ ended: 'silence' });
    await Promise.all([control.closed, bulk.closed]);
  });

  it('when its hello stays unanswered', async () => {
    const clock = createManualClock();
    const ended = bench.newNode({ clock }).handle(bench.invocation(), 10 * minuteMs);
    const links = [await bench.proxy.accept(), await bench.proxy.accept()];
    await Promise.all(links.map((link) => link.hello()));
    clock.advance(minuteMs);
    expect(await ended).toMatchObject({ ended: 'silence' });
  });

  it('a second before the deadline, and keeps its links', async () => {
    const clock = createManualClock();
    const node = bench.newNode({ clock });
    const ended = node.handle(bench.invocation(), 5000);
    const { control, bulk } = await bench.proxy.open();
    await Promise.all([control.ask(1, 1, { type: 'ping' }), bulk.ask(1, 1, { type: 'ping' })]);
    clock.advance(3999);
    await control.ask(1, 2, { type: 'ping' });
    clock.advance(1);
    expect(await ended).toMatchObject({ ended: 'deadline' });
    expect(clock.pendingTimers()).toBe(0);
    const next = node.handle(bench.invocation({ session: 2 }), 5000);
    await Promise.all([control.welcome(), bulk.hello()]);
    control.send(2, 0, { type: 'end' });
    expect(await next).toMatchObject({ ended: 'end' });
  });

  it('at once when hardly any time is left', async () => {
    expect(await bench.newNode().handle(bench.invocation(), 1000)).toMatchObject({ ended: 'deadline' });
    expect(bench.proxy.dialled).toBe(0);
  });

  it.each<LinkKind>(['control', 'bulk'])('when its %s link is lost', async (lost) => {
    const { ended, ...links } = await bench.openWithChunk(bench.newNode());
    links[lost].connection.destroy();
    expect(await ended).toMatchObject({ ended: 'link-lost', chunks: 1 });
  });

  const oversized = () => {
    const [head] = encodeFrame({
      session: 1,
      request: 1,
      message: { type: 'store', id: chunkId(1), checksum: 0, payload: new Uint8Array(8 * 1024 * 1024 + 1) },
    });
    return head ?? new Uint8Array(0);
  };
  const early = encodeFrame({ session: 1, request: 0, message: { type: 'welcome', heartbeatMs: 1, silenceMs: 1 } });
  it.each([
    ['another version', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['an unknown type', Buffer.from('01ff0000000000000000000100000001', 'hex')],
    ['a malformed head', Buffer.from('01090001000000000000000100000001ff', 'hex')],
    ['a payload above the limit', oversized()],
    ['a second welcome', Buffer.concat(early)],
  ])(
    'when a frame is at fault (%s): that link is closed, the other one and the chunks survive',
    async (_what, bytes) => {
      const node = bench.newNode();
      const { ended, control, bulk } = await bench.openWithChunk(node);
      bulk.connection.write([bytes]);
      expect(await ended).toMatchObject({ ended: 'link-lost', chunks: 1 });
      await bulk.closed;
      const next = node.handle(bench.invocation({ session: 2 }), minuteMs);
      const [fresh] = await Promise.all([bench.proxy.accept(), control.welcome()]);
      await fresh.welcome();
      expect(await fresh.ask(2, 1, { type: 'fetch', id: chunkId(1) })).toMatchObject({ type: 'chunk' });
      control.send(2, 0, { type: 'end' });
      expect(await next).toMatchObject({ ended: 'end' });
    },
  );

  it('when a request comes before the welcome', async () => {
    const ended = bench.newNode().handle(bench.invocation(), minuteMs);
    const links = [await bench.proxy.accept(), await bench.proxy.accept()];
    await Promise.all(links.map((link) => link.hello()));
    links[0]?.send(1, 1, { type: 'ping' });
    expect(await ended).toMatchObject({ ended: 'link-lost' });
  });

  it('after END only when the last load is answered', async () => {
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const source = new VirtualStore({
      wallMs: () => 0,
      hooks: { before: (request) => (request === 'get' ? (asked.resolve(), gate.promise) : undefined) },
    });
    const written = await source.put('o', Buffer.from('abc'), {}, { kind: 'absent' });
    const etag = written.kind === 'written' ? written.etag : '';
    const node = bench.newNode({ store: source });
    const ended = node.handle(bench.invocation(), minuteMs);
    const { control, bulk } = await bench.proxy.open();
    const load = { type: 'load', checksum: crc32('abc'), storeName: 'o', etag, offset: 0, lengthBytes: 3 } as const;
    bulk.send(1, 5, { ...load, id: chunkId(1) });
    await asked.promise;
    control.send(1, 0, { type: 'end' });
    expect(await control.ask(1, 6, { type: 'ping' })).toMatchObject({ type: 'pong' });
    gate.resolve();
    expect(await ended).toMatchObject({ ended: 'end', chunks: 1 });
    expect(await bulk.frames.take()).toMatchObject({ request: 5, message: { type: 'done' } });
  });

  it('after END only when what it sent is with the kernel', async () => {
    const { network, seen } = bench.watchedNetwork();
    const { ended, control, bulk } = await bench.openWithChunk(
      bench.newNode({ network }),
      systemRandom.bytes(8 * 1024 * 1024),
    );
    bulk.connection.pause();
    // More than the kernel takes for a reader that has stopped.
    for (let request = 1; request <= 4; request += 1) bulk.send(1, request, { type: 'fetch', id: chunkId(1) });
    while (seen.pauses === 0) expect(await control.ask(1, 1, { type: 'ping' })).toMatchObject({ type: 'pong' });
    control.send(1, 0, { type: 'end' });
    // Still serving: had it returned, nothing would be answered any more.
    for (let request = 1; request <= 20; request += 1) await control.ask(1, request, { type: 'ping' });
    bulk.connection.resume();
    for (let request = 1; request <= 4; request += 1) {
      expect(await bulk.frames.take()).toMatchObject({ request, message: { type: 'chunk' } });
    }
    expect(await ended).toMatchObject({ ended: 'end', chunks: 1 });
  });

  it('without what was being loaded: no load changes the memory after its session', async () => {
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const source = new VirtualStore({
      wallMs: () => 0,
      hooks: { before: (request) => (request === 'get' ? (asked.resolve(), gate.promise) : undefined) },
    });
    const written = await source.put('o', Buffer.from('abc'), {}, { kind: 'absent' });
    const etag = written.kind === 'written' ? written.etag : '';
    const node = bench.newNode({ store: source });
    const { ended, control, bulk } = await bench.openWithChunk(node);
    const load = { type: 'load', checksum: crc32('abc'), storeName: 'o', etag, offset: 0, lengthBytes: 3 } as const;
    control.send(1, 5, { ...load, id: chunkId(2) });
    await asked.promise;
    bulk.connection.destroy();
    expect(await ended).toMatchObject({ ended: 'link-lost', chunks: 1 });
    gate.resolve();
    const next = node.handle(bench.invocation({ session: 2 }), minuteMs);
    const [fresh] = await Promise.all([bench.proxy.accept(), control.welcome()]);
    await fresh.welcome();
    expect(await control.ask(2, 1, { type: 'fetch', id: chunkId(2) })).toMatchObject({ code: 'missing' });
    control.send(2, 0, { type: 'end' });
    expect(await next).toMatchObject({ ended: 'end', chunks: 1 });
  });
});
