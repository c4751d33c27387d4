import { crc32 } from 'node:zlib';
import { type GetOptions, silentLog, VirtualStore, type VirtualStoreHooks } from '@sion/components';
import type { LoadChunk } from '@sion/wire';
import { SionError } from '@sion/wire';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../../tests/doubles/manual-clock.ts';
import { until } from '../../../tests/doubles/turns.ts';
import { ChunkLoader, type ChunkSource } from './chunk-loader.ts';
import { ChunkMemory, chunkOverheadBytes } from './chunk-memory.ts';

const id = (counter: number) => ({ epoch: 1, counter, fragment: 0, index: 0 });
const content = Buffer.from('0123456789'.repeat(100));

async function setUp(hooks: VirtualStoreHooks = {}, wrap: (source: ChunkSource) => ChunkSource = (source) => source) {
  const clock = createManualClock();
  const source = new VirtualStore({ wallMs: clock.wallMs, hooks, pieceBytes: 64 });
  const written = await source.put('o', content, {}, { kind: 'absent' });
  if (written.kind !== 'written') throw new Error('the store is not empty');
  const memory = new ChunkMemory(1e6);
  const settings = { maxRunning: 2, maxWaiting: 3, timeoutMs: 1000 };
  const loader = new ChunkLoader({ clock, store: wrap(source), memory, log: silentLog, settings });
  const load = (counter: number, fields: Partial<LoadChunk> = {}): LoadChunk => {
    const { offset = 10, lengthBytes = 300 } = fields;
    const checksum = crc32(content.subarray(offset, offset + lengthBytes));
    return {
      type: 'load',
      id: id(counter),
      checksum,
      storeName: 'o',
      etag: written.etag,
      offset,
      lengthBytes,
      ...fields,
    };
  };
  return { clock, memory, loader, load };
}

/** Requests that wait until the test lets them go, one by one. */
function gatedReads() {
  const waiting: (() => void)[] = [];
  let most = 0;
  let running = 0;
  return {
    hooks: {
      before: async (request: string) => {
        if (request !== 'get') return;
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => waiting.push(resolve));
        running -= 1;
      },
    },
    most: () => most,
    release: () => waiting.shift()?.(),
    waiting: () => waiting.length,
  };
}

describe('a load', () => {
  it('puts exactly the range into memory', async () => {
    const { loader, load, memory } = await setUp();
    expect(await loader.load(load(1))).toEqual({ type: 'done' });
    const fetched = memory.fetch(id(1));
    expect(fetched.kind === 'hit' && Buffer.compare(fetched.bytes, content.subarray(10, 310))).toBe(0);
    expect(memory.occupiedBytes).toBe(300 + chunkOverheadBytes);
  });

  it('of no bytes asks the store for none', async () => {
    const { loader, load, memory } = await setUp({ before: failOn('get') });
    expect(await loader.load(load(1, { lengthBytes: 0 }))).toEqual({ type: 'done' });
    expect(memory.count).toBe(1);
  });

  it.each<[string, Partial<LoadChunk>, string]>([
    ['another version', { etag: '"other"' }, 'superseded'],
    ['no object', { storeName: 'none' }, 'superseded'],
    ['a range outside the object', { offset: 5000 }, 'invalid'],
    ['a range that ends outside it', { offset: 900 }, 'invalid'],
    ['another checksum', { checksum: 5 }, 'corrupt'],
    ['more than fits', { lengthBytes: 2_000_000 }, 'capacity'],
  ])('of %s fails and leaves nothing behind', async (_what, fields, code) => {
    const { loader, load, memory, clock } = await setUp();
    expect(await loader.load(load(1, fields))).toMatchObject({ type: 'failed', code });
    expect(memory).toMatchObject({ count: 0, occupiedBytes: 0 });
    expect(clock.pendingTimers()).toBe(0);
  });

  it('fails as unavailable when the store does', async () => {
    const { loader, load, memory } = await setUp({ before: failOn('get') });
    expect(await loader.load(load(1))).toMatchObject({ code: 'unavailable', message: 'the disk is on fire' });
    expect(memory.occupiedBytes).toBe(0);
  });

  it.each([
    ['ends early', (bytes: Uint8Array) => [bytes.subarray(0, 299)]],
    ['gives too much', (bytes: Uint8Array) => [bytes, Uint8Array.of(1)]],
  ])('fails when the body %s', async (_what, pieces) => {
    const { loader, load, memory } = await setUp({}, (source) => ({
      async get(name: string, options?: GetOptions) {
        const outcome = await source.get(name, options);
        if (outcome.kind !== 'hit') return outcome;
        const read: Uint8Array[] = [];
        for await (const piece of outcome.body) read.push(piece);
        const body = {
          cancel: () => {},
          async *[Symbol.asyncIterator]() {
            yield* pieces(Buffer.concat(read));
          },
        };
        return { ...outcome, body };
      },
    }));
    expect(await loader.load(load(1))).toMatchObject({ type: 'failed', code: 'unavailable' });
    expect(memory.occupiedBytes).toBe(0);
  });

  it('fails when the store takes too long, and what comes later changes nothing', async () => {
    const reads = gatedReads();
    const { loader, load, memory, clock } = await setUp(reads.hooks);
    const answer = loader.load(load(1));
    expect(memory.occupiedBytes).toBe(300 + chunkOverheadBytes);
    clock.advance(1000);
    expect(await answer).toMatchObject({ code: 'unavailable' });
    expect(memory.occupiedBytes).toBe(0);
    reads.release();
    const second = loader.load(load(2));
    await until(() => reads.waiting() === 1);
    reads.release();
    expect(await second).toEqual({ type: 'done' });
    expect(memory.count).toBe(1);
  });
});

describe('loads at a time', () => {
  it('are bounded: some run, some wait, the rest are told to come again', async () => {
    const reads = gatedReads();
    const { loader, load, memory } = await setUp(reads.hooks);
    const answers = [1, 2, 3, 4, 5].map((counter) => loader.load(load(counter)));
    expect(await loader.load(load(6))).toMatchObject({ type: 'failed', code: 'busy' });
    for (let answered = 0; answered < 5; answered += 1) {
      await until(() => reads.waiting() > 0);
      reads.release();
    }
    expect(await Promise.all(answers)).toEqual(answers.map(() => ({ type: 'done' })));
    expect(reads.most()).toBe(2);
    expect(memory.count).toBe(5);
  });

  it('of one chunk are one read', async () => {
    const reads = gatedReads();
    const { loader, load } = await setUp(reads.hooks);
    const both = Promise.all([loader.load(load(1)), loader.load(load(1))]);
    expect(await loader.load(load(1, { checksum: 1 }))).toMatchObject({ code: 'invalid' });
    await until(() => reads.waiting() > 0);
    expect(reads.waiting()).toBe(1);
    reads.release();
    expect(await both).toEqual([{ type: 'done' }, { type: 'done' }]);
    expect(await loader.load(load(1))).toEqual({ type: 'done' });
    expect(await loader.load(load(1, { checksum: 1 }))).toMatchObject({ code: 'invalid' });
  });

  it('are given up one by one when evicted, and all with their session', async () => {
    const reads = gatedReads();
    const { loader, load, memory, clock } = await setUp(reads.hooks);
    const answers = [1, 2, 3, 4].map((counter) => loader.load(load(counter)));
    loader.cancel(id(2));
    loader.cancel(id(99));
    expect(await answers[1]).toMatchObject({ code: 'superseded' });
    loader.cancelAll();
    for (const answer of [answers[0], answers[2], answers[3]]) {
      expect(await answer).toMatchObject({ code: 'unavailable' });
    }
    while (reads.waiting() > 0) reads.release();
    const next = loader.load(load(5));
    await until(() => reads.waiting() > 0);
    reads.release();
    expect(await next).toEqual({ type: 'done' });
    expect(memory.count).toBe(1);
    expect(clock.pendingTimers()).toBe(0);
  });
});

function failOn(request: string): (asked: string) => void {
  return (asked) => {
    if (asked === request) throw new SionError('unavailable', 'the disk is on fire');
  };
}
