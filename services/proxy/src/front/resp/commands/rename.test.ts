import { SionError } from '@sion/wire';
import { describe, expect, it } from 'vitest';
import { serveRespInTest } from '../../../../../../tests/doubles/resp-front.ts';
import { until } from '../../../../../../tests/doubles/turns.ts';
import type { Objects } from '../../../objects/objects.ts';

const large = Buffer.alloc(300 * 1024, 'abcdefghij');
const other = Buffer.alloc(300 * 1024, 'other');

async function write(objects: Objects, key: string, bytes: Uint8Array, more = {}): Promise<void> {
  const decide = () => ({ kind: 'write', bytes, ...more, result: undefined }) as const;
  await objects.mutate(key, { needs: 'nothing', decide });
}

async function valueOf(objects: Objects, key: string): Promise<Buffer | undefined> {
  const outcome = await objects.read(key);
  return outcome.kind === 'hit' ? Buffer.from(await outcome.body.bytes()) : undefined;
}

/** A front on which `then` happens behind the n-th change of the key `to`. */
async function serveChanging(then: (objects: Objects, times: number) => Promise<void>) {
  const { objects } = await serveRespInTest();
  let times = 0;
  const mutate: Objects['mutate'] = async (key, mutation, options) => {
    const result = await objects.mutate(key, mutation, options);
    if (key === 'to') {
      times += 1;
      await then(objects, times);
    }
    return result;
  };
  const front = await serveRespInTest({ objects: { ...objects, mutate } });
  return { objects, client: await front.dial() };
}

describe.each([
  ['a short value', Buffer.from('value'), Buffer.from('new')],
  ['a large value', large, other],
])('%s', (_size, value, replacement) => {
  const kept = { contentType: 'text/x', user: { a: 'b' } };

  it('keeps its expiry, content type and metadata when it is copied or renamed', async () => {
    const { objects, dial } = await serveRespInTest();
    const client = await dial();
    const expiresAtMs = objects.nowMs() + 50_000;
    await write(objects, 'from', value, { ...kept, expiresAtMs });
    await write(objects, 'copy', Buffer.from('old'), { contentType: 'text/old' });
    expect(await client.call('COPY', 'from', 'copy')).toBe(':0\r\n');
    expect(await client.call('COPY', 'from', 'copy', 'REPLACE')).toBe(':1\r\n');
    expect(await client.call('RENAME', 'copy', 'to')).toBe('+OK\r\n');
    expect(objects.keys().toSorted()).toEqual(['from', 'to']);
    expect(await objects.info('to')).toMatchObject({ ...kept, expiresAtMs, sizeBytes: value.length });
    expect((await valueOf(objects, 'to'))?.equals(value)).toBe(true);
    await until(() => objects.stagedCount() === 0);
  });

  it('that is replaced while it is renamed is renamed as it is then', async () => {
    const { objects, client } = await serveChanging(async (double, times) => {
      if (times === 1) await write(double, 'from', replacement);
    });
    await write(objects, 'from', value);
    expect(await client.call('RENAMENX', 'from', 'to')).toBe(':1\r\n');
    expect(objects.keys()).toEqual(['to']);
    expect((await valueOf(objects, 'to'))?.equals(replacement)).toBe(true);
  });

  it('whose expiry changes while it is renamed has the new one', async () => {
    const { objects, client } = await serveChanging(async (double, times) => {
      const expiresAtMs = double.nowMs() + 5000;
      if (times === 1)
        await double.mutate('from', { needs: 'info', decide: () => ({ kind: 'expire', expiresAtMs, result: 0 }) });
    });
    await write(objects, 'from', value);
    expect(await client.call('RENAME', 'from', 'to')).toBe('+OK\r\n');
    expect(objects.keys()).toEqual(['to']);
    expect((await objects.info('to'))?.expiresAtMs).toBe(objects.nowMs() + 5000);
  });

  it('that never stands still stays under both names, and the client is told', async () => {
    const { objects, client } = await serveChanging((double) => write(double, 'from', replacement));
    await write(objects, 'from', value);
    expect(await client.call('RENAME', 'from', 'to')).toBe(
      '-UNAVAILABLE the key kept changing while it was renamed, and is there under both names; retry\r\n',
    );
    expect(objects.keys().toSorted()).toEqual(['from', 'to']);
  });

  it('is not lost to RENAMENX when the new name is taken meanwhile', async () => {
    const { objects, client } = await serveChanging(async (double, times) => {
      if (times > 1) return;
      await write(double, 'to', Buffer.from('theirs'));
      await write(double, 'from', replacement);
    });
    await write(objects, 'from', value);
    expect(await client.call('RENAMENX', 'from', 'to')).toBe(':0\r\n');
    expect((await valueOf(objects, 'from'))?.equals(replacement)).toBe(true);
    expect((await valueOf(objects, 'to'))?.toString()).toBe('theirs');
  });
});

it('a copy that is superseded while it streams is done again', async () => {
  const { objects } = await serveRespInTest();
  await write(objects, 'from', large);
  let fails = 1;
  const stage: Objects['stage'] = async (key, bytes, options) => {
    if (fails === 0) return objects.stage(key, bytes, options);
    fails -= 1;
    await write(objects, 'from', other);
    throw new SionError('unavailable', 'the object was replaced while it was being read; read it again');
  };
  const { dial } = await serveRespInTest({ objects: { ...objects, stage } });
  const client = await dial();
  expect(await client.call('COPY', 'from', 'to')).toBe(':1\r\n');
  expect((await valueOf(objects, 'to'))?.equals(other)).toBe(true);
});

it('a copy that fails says why, and leaves nothing', async () => {
  const { objects } = await serveRespInTest();
  await write(objects, 'from', large);
  const stage: Objects['stage'] = () => Promise.reject(new SionError('unavailable', 'the store does not answer'));
  const { dial } = await serveRespInTest({ objects: { ...objects, stage } });
  const client = await dial();
  expect(await client.call('RENAME', 'from', 'to')).toBe('-UNAVAILABLE the store does not answer\r\n');
  expect(objects.keys()).toEqual(['from']);
});
