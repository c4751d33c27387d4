/** The commands on keys and values over the real engine: folds, versions, streams between store and memory. */
import { systemClock, VirtualStore } from '@sion/components';
import { describe, expect, it } from 'vitest';
import type { RespClient } from '../../../../../tests/doubles/resp-client.ts';
import { serveRespInTest } from '../../../../../tests/doubles/resp-front.ts';
import { serveEngine } from '../http/engine-front.test-data.ts';

const mib = 2 ** 20;

async function serve() {
  const store = new VirtualStore({ wallMs: () => systemClock.wallMs() });
  const { engine } = await serveEngine(store);
  const front = await serveRespInTest({ objects: engine, settings: { allowFlush: true, pieceBytes: 64 * 1024 } });
  return { engine, front, client: await front.dial() };
}

function payload(sizeBytes: number): Buffer {
  return Buffer.from(Uint32Array.from({ length: sizeBytes / 4 }, (_, at) => Math.imul(at, 2_654_435_761)).buffer);
}

function bulk(bytes: Uint8Array): string {
  return `$${bytes.length}\r\n${Buffer.from(bytes).toString('latin1')}\r\n`;
}

async function expectValue(client: RespClient, key: string, value: Uint8Array): Promise<void> {
  expect((await client.call('GET', key)) === bulk(value), `the value of ${key}`).toBe(true);
}

describe('commands on keys and values over the engine', () => {
  it('appends from fifty clients fold, and none is lost', async () => {
    const { front, client } = await serve();
    const clients = await Promise.all(Array.from({ length: 50 }, () => front.dial()));
    const replies = await Promise.all(
      clients.map((each, at) => each.call('APPEND', 'k', String.fromCharCode(48 + at))),
    );
    expect(new Set(replies).size).toBe(50);
    const text = (await client.call('GET', 'k')).split('\r\n')[1] ?? '';
    expect(new Set(text).size).toBe(50);
    expect(text.length).toBe(50);
  });

  it('changes parts of a large value, which keeps its expiry', async () => {
    const { client } = await serve();
    const value = payload(3 * mib);
    expect(await client.call('SETEX', 'k', '1000', value)).toBe('+OK\r\n');
    const tail = payload(mib);
    expect(await client.call('APPEND', 'k', tail)).toBe(`:${4 * mib}\r\n`);
    expect(await client.call('SETRANGE', 'k', String(mib), 'XYZ')).toBe(`:${4 * mib}\r\n`);
    expect(await client.call('SETRANGE', 'k', String(5 * mib), 'end')).toBe(`:${5 * mib + 3}\r\n`);
    expect(await client.call('TTL', 'k')).toMatch(/^:(1000|99\d)\r\n$/);
    const expected = Buffer.concat([value, tail, Buffer.alloc(mib), Buffer.from('end')]);
    expected.write('XYZ', mib);
    await expectValue(client, 'k', expected);
    for (const [start, end] of [
      [mib - 2, mib + 4],
      [4 * mib - 1, 4 * mib + 1],
      [0, 2 * mib],
    ] as const) {
      expect(
        (await client.call('GETRANGE', 'k', String(start), String(end))) === bulk(expected.subarray(start, end + 1)),
      ).toBe(true);
    }
    expect(await client.call('GETRANGE', 'k', '-3', '-1')).toBe('$3\r\nend\r\n');
    expect(await client.call('GETRANGE', 'k', '-3', '-2')).toBe('$2\r\nen\r\n');
  });

  it('copies, renames, gives back and deletes large values', async () => {
    const { client } = await serve();
    const value = payload(6 * mib);
    await client.call('SET', 'a', value);
    expect(await client.call('COPY', 'a', 'b')).toBe(':1\r\n');
    expect(await client.call('RENAME', 'a', 'c')).toBe('+OK\r\n');
    expect(await client.call('EXISTS', 'a', 'b', 'c')).toBe(':2\r\n');
    expect((await client.call('GETEX', 'b', 'EX', '1000')) === bulk(value)).toBe(true);
    expect(await client.call('TTL', 'b')).toMatch(/^:(1000|99\d)\r\n$/);
    expect((await client.call('GETEX', 'b', 'PERSIST')) === bulk(value)).toBe(true);
    expect(await client.call('TTL', 'b')).toBe(':-1\r\n');
    expect((await client.call('GETDEL', 'b')) === bulk(value)).toBe(true);
    expect(await client.call('EXISTS', 'b')).toBe(':0\r\n');
    await expectValue(client, 'c', value);
  });

  it('a rename among writes of the old key loses none of them', async () => {
    const { front, client } = await serve();
    const writer = await front.dial();
    await client.call('SET', 'a', '0');
    let last = 0;
    for (let round = 1; round <= 20; round += 1) {
      const renamed = client.call('RENAME', 'a', 'b');
      for (let at = 0; at < 3; at += 1) {
        last += 1;
        await writer.call('SET', 'a', String(last));
      }
      expect(await renamed).toMatch(/^(\+OK|-ERR no such key)\r\n$/);
      const values = await client.call('MGET', 'a', 'b');
      expect(values.split('\r\n')).toContain(String(last));
    }
  });

  it('scans what is there, and deletes all of it', async () => {
    const { client, engine } = await serve();
    const keys = Array.from({ length: 120 }, (_, at) => `key:${at}`);
    await client.call('MSET', ...keys.flatMap((key) => [key, 'v']), 'other', 'v', 'odd \xff%/', 'v');
    const found: string[] = [];
    let cursor = '0';
    do {
      const lines = (await client.call('SCAN', cursor, 'MATCH', 'key:*', 'COUNT', '50')).split('\r\n');
      cursor = lines[2] ?? '0';
      found.push(...lines.filter((line) => line.startsWith('key:')));
    } while (cursor !== '0');
    expect(found.toSorted()).toEqual(keys.toSorted());
    expect(await client.call('KEYS', 'o*')).toMatch(/^\*2\r\n/);
    expect(await client.call('KEYS', 'odd*')).toBe(`*1\r\n${bulk(Buffer.from('odd \xff%/', 'latin1'))}`);
    expect(await client.call('DBSIZE')).toBe(':122\r\n');
    expect(await client.call('FLUSHALL')).toBe('+OK\r\n');
    expect(await client.call('KEYS', '*')).toBe('*0\r\n');
    expect((await engine.list({ prefix: '', limit: 10 })).objects).toEqual([]);
  });
});
