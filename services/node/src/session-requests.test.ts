import { crc32 } from 'node:zlib';
import { systemRandom, VirtualStore } from '@sion/components';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chunkId, minuteMs, SessionBench, store } from './session-bench.test-data.ts';

const bench = new SessionBench();
beforeEach(() => bench.start());
afterEach(() => bench.stop());

describe('requests', () => {
  it('store, fetch, evict, list and ping, on both links', async () => {
    const payload = systemRandom.bytes(700_000);
    const { ended, control, bulk } = await bench.openWithChunk(bench.newNode());
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
    const ended = bench.newNode({ capacityBytes: 10_000 }).handle(bench.invocation(), minuteMs);
    const { control } = await bench.proxy.open();
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
    const ended = bench.newNode({ store: source }).handle(bench.invocation(), minuteMs);
    const { control, bulk } = await bench.proxy.open();
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
    const node = bench.newNode();
    const { control, bulk } = await bench.endedWithChunk(node);
    const ended = node.handle(bench.invocation({ session: 2 }), minuteMs);
    await Promise.all([control.welcome(), bulk.welcome()]);
    control.send(1, 9, { type: 'evict', ids: [chunkId(1)] });
    control.send(1, 0, { type: 'end' });
    control.send(3, 9, { type: 'fetch', id: chunkId(1) });
    expect(await control.ask(2, 9, { type: 'ping' })).toEqual({ type: 'pong', usedBytes: 4 });
    control.send(2, 0, { type: 'end' });
    expect(await ended).toMatchObject({ ended: 'end', chunks: 1 });
  });

  it('wait while the output is full: it stays bounded, and every answer comes', async () => {
    const { network, seen } = bench.watchedNetwork();
    const { ended, control, bulk } = await bench.openWithChunk(bench.newNode({ network }));
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
