import { describe, expect, it } from 'vitest';
import { counted, streamOf } from '../../../../../tests/doubles/http-front.ts';
import { serveRespInTest } from '../../../../../tests/doubles/resp-front.ts';
import { until } from '../../../../../tests/doubles/turns.ts';
import type { NewBytes, Objects } from '../../objects/objects.ts';

const largeBytes = 300 * 1024;
const large = Buffer.alloc(largeBytes, 'abcdefghij');

/** A front over a double whose `stage` the test watches; `afterStage` happens before what was staged is written. */
async function serveWatched(
  afterStage: (objects: Objects, key: string, times: number) => Promise<void> = async () => {},
) {
  const plain = await serveRespInTest();
  const { objects } = plain;
  const seen = { stages: 0, longestPiece: 0 };
  const stage: Objects['stage'] = async (key, bytes, options) => {
    seen.stages += 1;
    const pieces = counted(streamOf(bytes), (count) => {
      seen.longestPiece = Math.max(seen.longestPiece, count);
    });
    const watched: NewBytes = { ...bytes, kind: 'stream', pieces };
    const staged = await objects.stage(key, watched, options);
    await afterStage(objects, key, seen.stages);
    return staged;
  };
  return { objects, seen, watched: { ...objects, stage } };
}

async function overwrite(objects: Objects, key: string, bytes: Uint8Array): Promise<void> {
  await objects.mutate(key, { needs: 'nothing', decide: () => ({ kind: 'write', bytes, result: undefined }) });
}

async function valueOf(objects: Objects, key: string): Promise<Buffer> {
  const outcome = await objects.read(key);
  return outcome.kind === 'hit' ? Buffer.from(await outcome.body.bytes()) : Buffer.alloc(0);
}

describe('APPEND to a large value', () => {
  it('streams the old bytes into the new value', async () => {
    const { objects, seen, watched } = await serveWatched();
    const { dial } = await serveRespInTest({ objects: watched });
    const client = await dial();
    await overwrite(objects, 'k', large);
    expect(await client.call('APPEND', 'k', 'xyz')).toBe(`:${largeBytes + 3}\r\n`);
    expect(await client.call('APPEND', 'k', Buffer.alloc(5000, 'z'))).toBe(`:${largeBytes + 5003}\r\n`);
    expect((await valueOf(objects, 'k')).equals(Buffer.concat([large, Buffer.from(`xyz${'z'.repeat(5000)}`)]))).toBe(
      true,
    );
    expect(seen.longestPiece).toBeLessThan(largeBytes / 2);
    await until(() => objects.stagedCount() === 0);
  });

  it('of fifty clients at a time loses nothing, and does nothing in vain', async () => {
    const { objects, seen, watched } = await serveWatched();
    const { dial } = await serveRespInTest({ objects: watched });
    await overwrite(objects, 'k', large);
    const names = Array.from({ length: 50 }, (_, at) => `<${String(at).padStart(2, '0')}>`);
    const clients = await Promise.all(names.map(() => dial()));
    const replies = await Promise.all(clients.map((client, at) => client.call('APPEND', 'k', names[at] ?? '')));
    expect(new Set(replies).size).toBe(50);
    const tail = (await valueOf(objects, 'k')).toString('latin1', largeBytes);
    expect(tail.length).toBe(200);
    for (const name of names) expect(tail.split(name).length).toBe(2);
    expect(seen.stages).toBe(50);
  });

  it('is done again when the value was replaced meanwhile', async () => {
    const other = Buffer.alloc(largeBytes, 'other');
    const { objects, seen, watched } = await serveWatched(async (double, key, times) => {
      if (times === 1) await overwrite(double, key, other);
    });
    const { dial } = await serveRespInTest({ objects: watched });
    const client = await dial();
    await overwrite(objects, 'k', large);
    expect(await client.call('APPEND', 'k', 'xyz')).toBe(`:${largeBytes + 3}\r\n`);
    expect((await valueOf(objects, 'k')).equals(Buffer.concat([other, Buffer.from('xyz')]))).toBe(true);
    expect(seen.stages).toBe(2);
    await until(() => objects.stagedCount() === 0);
  });

  it('is given up when that goes on and on, and says so', async () => {
    const { objects, watched } = await serveWatched((double, key) => overwrite(double, key, large));
    const { dial } = await serveRespInTest({ objects: watched });
    const client = await dial();
    await overwrite(objects, 'k', large);
    expect(await client.call('APPEND', 'k', 'xyz')).toBe(
      '-UNAVAILABLE the value was changed by others while it was put together; retry later\r\n',
    );
    expect((await valueOf(objects, 'k')).equals(large)).toBe(true);
    await until(() => objects.stagedCount() === 0);
  });

  it('keeps expiry, content type and metadata', async () => {
    const { objects, dial } = await serveRespInTest();
    const client = await dial();
    const kept = { expiresAtMs: objects.nowMs() + 50_000, contentType: 'text/x', user: { a: 'b' } };
    await objects.mutate('k', {
      needs: 'nothing',
      decide: () => ({ kind: 'write', bytes: large, ...kept, result: undefined }),
    });
    await client.call('APPEND', 'k', 'xyz');
    await client.call('SETRANGE', 'k', '5', 'xyz');
    expect(await objects.info('k')).toMatchObject({ ...kept, sizeBytes: largeBytes + 3 });
  });
});

describe('a large argument of APPEND', () => {
  const settings = { maxOldValueBytes: 4096 };

  it('streams when it is too long to be held', async () => {
    const { objects, seen, watched } = await serveWatched();
    const { dial } = await serveRespInTest({ objects: watched, settings });
    const client = await dial();
    expect(await client.call('APPEND', 'k', large)).toBe(`:${largeBytes}\r\n`);
    expect(await client.call('APPEND', 'k', large)).toBe(`:${2 * largeBytes}\r\n`);
    expect((await valueOf(objects, 'k')).equals(Buffer.concat([large, large]))).toBe(true);
    expect(seen.longestPiece).toBeLessThan(largeBytes / 2);
  });

  it('that streamed cannot be had again: its client is told that nothing was written', async () => {
    const { objects, watched } = await serveWatched((double, key) => overwrite(double, key, Buffer.from('other')));
    const { dial } = await serveRespInTest({ objects: watched, settings });
    const client = await dial();
    expect(await client.call('APPEND', 'k', large)).toBe(
      '-UNAVAILABLE the value was changed by others while it was put together; nothing was written; send it again\r\n',
    );
    expect(await client.call('GET', 'k')).toBe('$5\r\nother\r\n');
    await until(() => objects.stagedCount() === 0);
  });

  it('is held within the bound on arguments, which it gives back', async () => {
    const { dial } = await serveRespInTest({ settings: { maxBufferedTotalBytes: 10_000 } });
    const client = await dial();
    for (let at = 1; at <= 5; at += 1) {
      expect(await client.call('APPEND', 'k', Buffer.alloc(8000))).toBe(`:${at * 8000}\r\n`);
    }
    // Over the bound it streams.
    expect(await client.call('APPEND', 'k', Buffer.alloc(20_000))).toBe(':60000\r\n');
    expect(await client.call('APPEND', 'k', Buffer.alloc(8000))).toBe(':68000\r\n');
  });

  it('leaves no trace when the client goes away in the middle of it', async () => {
    for (const change of [{}, { settings }]) {
      const { objects, dial, server } = await serveRespInTest(change);
      const client = await dial();
      await client.call('SET', 'k', 'old');
      client.send(`*3\r\n$6\r\nAPPEND\r\n$1\r\nk\r\n$100000\r\n${'x'.repeat(50_000)}`);
      const other = await dial();
      for (let at = 0; at < 20; at += 1) await other.call('PING');
      await client.close();
      await until(() => server.connections === 1);
      expect(await other.call('APPEND', 'k', '!')).toBe(':4\r\n');
      expect(await other.call('GET', 'k')).toBe('$4\r\nold!\r\n');
      await until(() => objects.stagedCount() === 0);
    }
  });
});

describe('SETRANGE', () => {
  it('changes the middle of a large value', async () => {
    const { objects, dial } = await serveRespInTest();
    const client = await dial();
    await overwrite(objects, 'k', large);
    expect(await client.call('SETRANGE', 'k', '100000', 'XYZ')).toBe(`:${largeBytes}\r\n`);
    const expected = Buffer.from(large);
    expected.write('XYZ', 100_000);
    expect((await valueOf(objects, 'k')).equals(expected)).toBe(true);
    expect(await client.call('SETRANGE', 'k', String(largeBytes - 2), Buffer.alloc(5000, 'e'))).toBe(
      `:${largeBytes + 4998}\r\n`,
    );
    const extended = Buffer.concat([expected.subarray(0, -2), Buffer.alloc(5000, 'e')]);
    expect((await valueOf(objects, 'k')).equals(extended)).toBe(true);
  });

  it('pads with zeros, however many, without holding them', async () => {
    const { objects, seen, watched } = await serveWatched();
    const { dial } = await serveRespInTest({ objects: watched });
    const client = await dial();
    await client.call('SET', 'k', 'ab');
    expect(await client.call('SETRANGE', 'k', '3000000', 'end')).toBe(':3000003\r\n');
    const expected = Buffer.concat([Buffer.from('ab'), Buffer.alloc(2_999_998), Buffer.from('end')]);
    expect((await valueOf(objects, 'k')).equals(expected)).toBe(true);
    expect(seen.longestPiece).toBeLessThan(100_000);
  });

  it('refuses a wrong offset before it takes a large value, and the connection goes on', async () => {
    const { objects, dial } = await serveRespInTest();
    const client = await dial();
    const value = Buffer.alloc(20_000);
    expect(await client.call('SETRANGE', 'k', 'x', value)).toBe('-ERR value is not an integer or out of range\r\n');
    expect(await client.call('SETRANGE', 'k', '-1', value)).toBe('-ERR offset is out of range\r\n');
    expect(await client.call('SETRANGE', 'k', '67108863', value)).toBe(
      '-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n',
    );
    expect(await client.call('EXISTS', 'k')).toBe(':0\r\n');
    expect(objects.stagedCount()).toBe(0);
  });
});
