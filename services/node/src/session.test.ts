import { crc32 } from 'node:zlib';
import {
  type Clock,
  type Connection,
  type Network,
  openNetwork,
  silentLog,
  systemClock,
  systemRandom,
  VirtualStore,
} from '@sion/components';
import { Manifest } from '@sion/core';
import { encodeFrame, type InvocationPayload, type LinkKind, type WireChunkId } from '@sion/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../../tests/doubles/manual-clock.ts';
import type { ChunkSource } from './chunk-loader.ts';
import { createNode, type Node } from './node.ts';
import { type ScriptedLink, ScriptedProxy } from './scripted-proxy.test-data.ts';
import { nodeDefaults } from './settings.ts';

const minuteMs = 60_000;
const token = 'ab'.repeat(16);

let proxy: ScriptedProxy;
const connections: Connection[] = [];

beforeEach(async () => {
  proxy = await ScriptedProxy.start();
});
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  await proxy.close();
});

/** A network that remembers what it dialled, so that nothing outlives a test. */
function testNetwork(onDialled: (connection: Connection) => Connection = (connection) => connection): Network {
  const network = openNetwork({ highWaterBytes: 256 * 1024 });
  return {
    listen: network.listen,
    async dial(host, port, timeoutMs) {
      const connection = await network.dial(host, port, timeoutMs);
      connections.push(connection);
      return onDialled(connection);
    },
  };
}

/** A network that sees how often the node stops reading, and how much output it lets queue. */
function watchedNetwork() {
  const seen = { pauses: 0, mostBuffered: 0 };
  const network = testNetwork((connection) => ({
    remote: connection.remote,
    local: connection.local,
    get bufferedBytes() {
      return connection.bufferedBytes;
    },
    attach: (handlers) => connection.attach(handlers),
    write(parts) {
      const belowMark = connection.write(parts);
      seen.mostBuffered = Math.max(seen.mostBuffered, connection.bufferedBytes);
      return belowMark;
    },
    pause() {
      seen.pauses += 1;
      connection.pause();
    },
    resume: () => connection.resume(),
    end: () => connection.end(),
    destroy: () => connection.destroy(),
  }));
  return { network, seen };
}

interface NodeOptions {
  readonly clock?: Clock;
  readonly store?: ChunkSource;
  readonly network?: Network;
  readonly capacityBytes?: number;
  readonly maxPayloadBytes?: number;
}

function newNode(options: NodeOptions = {}): Node {
  const { clock = systemClock, capacityBytes = 64 * 1024 * 1024, maxPayloadBytes = 8 * 1024 * 1024 } = options;
  return createNode({
    clock,
    random: systemRandom,
    network: options.network ?? testNetwork(),
    log: silentLog,
    store: options.store ?? new VirtualStore({ wallMs: () => 0 }),
    // Generous: only tests with a clock of their own want to see these pass.
    settings: { ...nodeDefaults, dialTimeoutMs: minuteMs, helloTimeoutMs: minuteMs, capacityBytes, maxPayloadBytes },
  });
}

function invocation(fields: Partial<InvocationPayload> = {}): InvocationPayload {
  const { host, port } = proxy;
  return { v: 1, kind: 'session', node: 'sion-node-003', host, port, epoch: 7, session: 1, token, ...fields };
}

function chunkId(counter: number): WireChunkId {
  return { epoch: 7, counter, fragment: 0, index: 0 };
}

function store(link: ScriptedLink, session: number, counter: number, payload: Uint8Array) {
  return link.ask(session, counter, { type: 'store', id: chunkId(counter), checksum: crc32(payload), payload });
}

/** Opens session 1 with one chunk held. */
async function openWithChunk(node: Node, payload: Uint8Array = Buffer.from('held')) {
  const ended = node.handle(invocation(), 10 * minuteMs);
  const links = await proxy.open();
  expect(await store(links.control, 1, 1, payload)).toEqual({ type: 'done' });
  return { ended, ...links };
}

/** The same, ended in order. */
async function endedWithChunk(node: Node) {
  const { ended, control, bulk } = await openWithChunk(node);
  control.send(1, 0, { type: 'end' });
  expect(await ended).toMatchObject({ ended: 'end', chunks: 1 });
  return { control, bulk };
}

describe('opening', () => {
  it('says hello on both links: who it is, what it holds', async () => {
    const node = newNode({ capacityBytes: 12_345_678 });
    const ended = node.handle(invocation({ session: 42 }), 10 * minuteMs);
    const links = [await proxy.accept(), await proxy.accept()];
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
    expect(newNode().instance).toMatch(/^[0-9a-f]{32}$/);
    expect(newNode().instance).not.toBe(newNode().instance);
  });

  it('returns at once when it is only to be warmed', async () => {
    expect(await newNode().handle(invocation({ kind: 'warmup' }), minuteMs)).toMatchObject({ ended: 'warmup' });
    expect(proxy.dialled).toBe(0);
  });

  it('returns when the proxy cannot be reached', async () => {
    const { host, port } = proxy;
    await proxy.close();
    expect(await newNode().handle(invocation({ host, port }), minuteMs)).toMatchObject({ ended: 'unreachable' });
  });

  it('returns when a hello is refused, and gives up its links', async () => {
    const ended = newNode().handle(invocation(), minuteMs);
    const links = [await proxy.accept(), await proxy.accept()];
    const { session } = (await links[0]?.hello()) ?? {};
    links[0]?.send(session ?? -1, 0, { type: 'refuse', code: 'token', reason: 'used up' });
    expect(await ended).toMatchObject({ ended: 'refused' });
    await Promise.all(links.map((link) => link.closed));
  });

  it('returns when a link is closed before it was welcomed', async () => {
    const ended = newNode().handle(invocation(), minuteMs);
    (await proxy.accept()).connection.destroy();
    expect(await ended).toMatchObject({ ended: 'link-lost' });
  });

  it('rejects an event that is no invocation, and a token that no hello can carry', async () => {
    const node = newNode();
    await expect(node.handle({ hello: 'world' }, minuteMs)).rejects.toMatchObject({ code: 'invalid' });
    await expect(node.handle(invocation({ token: 'xyz' }), minuteMs)).rejects.toMatchObject({ code: 'invalid' });
    expect(await node.handle(invocation({ kind: 'warmup' }), minuteMs)).toMatchObject({ ended: 'warmup' });
  });

  it('takes one invocation at a time', async () => {
    const node = newNode();
    const { ended, control } = await openWithChunk(node);
    await expect(node.handle(invocation(), minuteMs)).rejects.toMatchObject({ code: 'internal' });
    control.send(1, 0, { type: 'end' });
    expect(await ended).toMatchObject({ ended: 'end' });
  });
});

describe('requests', () => {
  it('store, fetch, evict, list and ping, on both links', async () => {
    const payload = systemRandom.bytes(700_000);
    const { ended, control, bulk } = await openWithChunk(newNode());
    expect(await store(bulk, 1, 2, payload)).toEqual({ type: 'done' });
    expect(await control.ask(1, 3, { type: 'ping' })).toEqual({ type: 'pong', usedBytes: 700_004 });

    const fetched = await bulk.ask(1, 4, { type: 'fetch', id: chunkId(2) });
    expect(fetched).toMatchObject({ type: 'chunk', checksum: crc32(payload) });
    expect('payload' in fetched && Buffer.compare(fetched.payload, payload)).toBe(0);

    const listed = await control.ask(1, 5, { type: 'list', from: 0 });
    const entry = (counter: number, bytes: Uint8Array) => ({
      id: chunkId(counter),
      lengthBytes: bytes.length,
      checksum: crc32(bytes),
    });
    expect(listed).toEqual({
      type: 'manifest',
      entries: [entry(1, Buffer.from('held')), entry(2, payload)],
      more: false,
    });

    const ids = [chunkId(2), chunkId(99)];
    expect(await control.ask(1, 6, { type: 'evict', ids })).toEqual({ type: 'done' });
    expect(await bulk.ask(1, 7, { type: 'fetch', id: chunkId(2) })).toMatchObject({ type: 'failed', code: 'missing' });
    control.send(1, 0, { type: 'end' });
    expect(await ended).toMatchObject({ ended: 'end', chunks: 1, bytes: 4 });
  });

  it('refuse what is corrupt and what does not fit', async () => {
    const ended = newNode({ capacityBytes: 10_000 }).handle(invocation(), minuteMs);
    const { control } = await proxy.open();
    const payload = new Uint8Array(5000);
    const ask = (request: number, checksum: number) =>
      control.ask(1, request, { type: 'store', id: chunkId(request), checksum, payload });
    expect(await ask(1, (crc32(payload) ^ 1) >>> 0)).toMatchObject({ type: 'failed', code: 'corrupt' });
    expect(await ask(2, crc32(payload))).toEqual({ type: 'done' });
    expect(await ask(3, crc32(payload))).toMatchObject({ type: 'failed', code: 'capacity' });
    control.send(1, 0, { type: 'end' });
    expect(await ended).toMatchObject({ chunks: 1, bytes: 5000 });
  });

  it('load from the store', async () => {
    const source = new VirtualStore({ wallMs: () => 0 });
    const bytes = systemRandom.bytes(300_000);
    const written = await source.put('o', bytes, {}, { kind: 'absent' });
    const etag = written.kind === 'written' ? written.etag : '';
    const part = bytes.subarray(1000, 201_000);
    const ended = newNode({ store: source }).handle(invocation(), minuteMs);
    const { control, bulk } = await proxy.open();
    const load = { type: 'load', id: chunkId(1), checksum: crc32(part), storeName: 'o', offset: 1000 } as const;
    const old = { ...load, etag: '"old"', lengthBytes: 200_000 };
    expect(await control.ask(1, 1, old)).toMatchObject({ type: 'failed', code: 'superseded' });
    expect(await control.ask(1, 2, { ...load, etag, lengthBytes: 200_000 })).toEqual({ type: 'done' });
    const fetched = await bulk.ask(1, 3, { type: 'fetch', id: chunkId(1) });
    expect('payload' in fetched && Buffer.compare(fetched.payload, part)).toBe(0);
    control.send(1, 0, { type: 'end' });
    await ended;
  });

  it('of another session are dropped', async () => {
    const node = newNode();
    const { control, bulk } = await endedWithChunk(node);
    const ended = node.handle(invocation({ session: 2 }), minuteMs);
    await Promise.all([control.welcome(), bulk.welcome()]);
    control.send(1, 9, { type: 'evict', ids: [chunkId(1)] });
    control.send(1, 0, { type: 'end' });
    control.send(3, 9, { type: 'fetch', id: chunkId(1) });
    expect(await control.ask(2, 9, { type: 'ping' })).toEqual({ type: 'pong', usedBytes: 4 });
    control.send(2, 0, { type: 'end' });
    expect(await ended).toMatchObject({ ended: 'end', chunks: 1 });
  });

  it('wait while the output is full: it stays bounded, and every answer comes', async () => {
    const { network, seen } = watchedNetwork();
    const { ended, control, bulk } = await openWithChunk(newNode({ network }));
    const payload = systemRandom.bytes(1024 * 1024);
    expect(await store(bulk, 1, 2, payload)).toEqual({ type: 'done' });
    bulk.connection.pause();
    const fetches = 64;
    for (let request = 1; request <= fetches; request += 1) bulk.send(1, request, { type: 'fetch', id: chunkId(2) });
    // The other link is served meanwhile.
    while (seen.pauses === 0) expect(await control.ask(1, 1, { type: 'ping' })).toMatchObject({ type: 'pong' });
    bulk.connection.resume();
    for (let request = 1; request <= fetches; request += 1) {
      expect(await bulk.frames.take()).toMatchObject({ request, message: { type: 'chunk' } });
    }
    expect(seen.mostBuffered).toBeLessThan(256 * 1024 + payload.length + 1024);
    control.send(1, 0, { type: 'end' });
    expect(await ended).toMatchObject({ ended: 'end' });
  });
});

describe('between two sessions', () => {
  it('links and chunks survive: the next session says hello on the same links, with the digest', async () => {
    const node = newNode();
    const { control, bulk } = await endedWithChunk(node);
    const expected = new Manifest();
    expected.add({ id: chunkId(1), lengthBytes: 4, checksum: crc32('held') });
    const ended = node.handle(invocation({ session: 2, token: 'cd' }), minuteMs);
    const hellos = await Promise.all([control.welcome(), bulk.welcome()]);
    for (const { session, message } of hellos) {
      expect(session).toBe(2);
      expect(message).toMatchObject({ instance: node.instance, token: 'cd', digest: expected.digest() });
    }
    expect(await control.ask(2, 1, { type: 'fetch', id: chunkId(1) })).toMatchObject({ type: 'chunk' });
    control.send(2, 0, { type: 'end' });
    expect(await ended).toMatchObject({ ended: 'end', chunks: 1 });
    expect(proxy.dialled).toBe(2);
  });

  it.each<LinkKind>(['control', 'bulk'])(
    'a %s link that was closed is dialled anew, the other one is kept',
    async (lost) => {
      const node = newNode();
      const links = await endedWithChunk(node);
      links[lost].connection.destroy();
      const kept = links[lost === 'control' ? 'bulk' : 'control'];
      const ended = node.handle(invocation({ session: 2 }), minuteMs);
      const [fresh] = await Promise.all([proxy.accept(), kept.welcome()]);
      expect((await fresh.welcome()).message.link).toBe(lost);
      fresh.send(2, 0, { type: 'end' });
      expect(await ended).toMatchObject({ ended: 'end', chunks: 1 });
      expect(proxy.dialled).toBe(3);
    },
  );

  it('a link whose hello stays unanswered is dialled anew once', async () => {
    const clock = createManualClock();
    const node = newNode({ clock });
    const { control, bulk } = await endedWithChunk(node);
    const ended = node.handle(invocation({ session: 2 }), 10 * minuteMs);
    await Promise.all([control.hello(), bulk.welcome({ heartbeatMs: 1, silenceMs: 100 * minuteMs })]);
    clock.advance(minuteMs);
    const fresh = await proxy.accept();
    await fresh.hello();
    await control.closed;
    clock.advance(minuteMs);
    expect(await ended).toMatchObject({ ended: 'silence', chunks: 1 });
  });

  it('links that were idle for long, or belong to another proxy, are not used again', async () => {
    const clock = createManualClock();
    const node = newNode({ clock });
    const first = await endedWithChunk(node);
    clock.advance(nodeDefaults.maxLinkIdleMs + 1);
    const second = node.handle(invocation({ session: 2 }), minuteMs);
    const fresh = await proxy.open();
    await Promise.all([first.control.closed, first.bulk.closed]);
    fresh.control.send(2, 0, { type: 'end' });
    expect(await second).toMatchObject({ ended: 'end' });

    const other = await ScriptedProxy.start();
    const third = node.handle(invocation({ session: 1, epoch: 8, port: other.port }), minuteMs);
    const links = await other.open();
    await Promise.all([fresh.control.closed, fresh.bulk.closed]);
    links.control.send(1, 0, { type: 'end' });
    expect(await third).toMatchObject({ ended: 'end', chunks: 1 });
    await other.close();
  });

  it('an epoch lower than one seen before is refused without a dial', async () => {
    const node = newNode();
    await endedWithChunk(node);
    const stale = await node.handle(invocation({ epoch: 6, session: 9 }), minuteMs);
    expect(stale).toMatchObject({ ended: 'epoch', chunks: 1 });
    expect(proxy.dialled).toBe(2);
  });
});

describe('a session returns', () => {
  it('when it hears nothing for as long as the welcome allows', async () => {
    const clock = createManualClock();
    const ended = newNode({ clock }).handle(invocation(), 10 * minuteMs);
    const { control, bulk } = await proxy.open({ heartbeatMs: 250, silenceMs: 1000 });
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
    const ended = newNode({ clock }).handle(invocation(), 10 * minuteMs);
    const links = [await proxy.accept(), await proxy.accept()];
    await Promise.all(links.map((link) => link.hello()));
    clock.advance(minuteMs);
    expect(await ended).toMatchObject({ ended: 'silence' });
  });

  it('a second before the deadline, and keeps its links', async () => {
    const clock = createManualClock();
    const node = newNode({ clock });
    const ended = node.handle(invocation(), 5000);
    const { control, bulk } = await proxy.open();
    await Promise.all([control.ask(1, 1, { type: 'ping' }), bulk.ask(1, 1, { type: 'ping' })]);
    clock.advance(3999);
    await control.ask(1, 2, { type: 'ping' });
    clock.advance(1);
    expect(await ended).toMatchObject({ ended: 'deadline' });
    expect(clock.pendingTimers()).toBe(0);
    const next = node.handle(invocation({ session: 2 }), 5000);
    await Promise.all([control.welcome(), bulk.hello()]);
    control.send(2, 0, { type: 'end' });
    expect(await next).toMatchObject({ ended: 'end' });
  });

  it('at once when hardly any time is left', async () => {
    expect(await newNode().handle(invocation(), 1000)).toMatchObject({ ended: 'deadline' });
    expect(proxy.dialled).toBe(0);
  });

  it.each<LinkKind>(['control', 'bulk'])('when its %s link is lost', async (lost) => {
    const { ended, ...links } = await openWithChunk(newNode());
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
      const node = newNode();
      const { ended, control, bulk } = await openWithChunk(node);
      bulk.connection.write([bytes]);
      expect(await ended).toMatchObject({ ended: 'link-lost', chunks: 1 });
      await bulk.closed;
      const next = node.handle(invocation({ session: 2 }), minuteMs);
      const [fresh] = await Promise.all([proxy.accept(), control.welcome()]);
      await fresh.welcome();
      expect(await fresh.ask(2, 1, { type: 'fetch', id: chunkId(1) })).toMatchObject({ type: 'chunk' });
      control.send(2, 0, { type: 'end' });
      expect(await next).toMatchObject({ ended: 'end' });
    },
  );

  it('when a request comes before the welcome', async () => {
    const ended = newNode().handle(invocation(), minuteMs);
    const links = [await proxy.accept(), await proxy.accept()];
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
    const node = newNode({ store: source });
    const ended = node.handle(invocation(), minuteMs);
    const { control, bulk } = await proxy.open();
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
    const { network, seen } = watchedNetwork();
    const { ended, control, bulk } = await openWithChunk(newNode({ network }), systemRandom.bytes(8 * 1024 * 1024));
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
    const node = newNode({ store: source });
    const { ended, control, bulk } = await openWithChunk(node);
    const load = { type: 'load', checksum: crc32('abc'), storeName: 'o', etag, offset: 0, lengthBytes: 3 } as const;
    control.send(1, 5, { ...load, id: chunkId(2) });
    await asked.promise;
    bulk.connection.destroy();
    expect(await ended).toMatchObject({ ended: 'link-lost', chunks: 1 });
    gate.resolve();
    const next = node.handle(invocation({ session: 2 }), minuteMs);
    const [fresh] = await Promise.all([proxy.accept(), control.welcome()]);
    await fresh.welcome();
    expect(await control.ask(2, 1, { type: 'fetch', id: chunkId(2) })).toMatchObject({ code: 'missing' });
    control.send(2, 0, { type: 'end' });
    expect(await next).toMatchObject({ ended: 'end', chunks: 1 });
  });
});
