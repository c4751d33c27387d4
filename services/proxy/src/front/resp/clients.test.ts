/** The front with unmodified client libraries, in both protocol versions, with all that they send by themselves. */
import { Redis } from 'ioredis';
import { createClient, RESP_TYPES } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RespFront, serveResp } from '../../../../../tests/doubles/resp-front.ts';

let front: RespFront;

beforeAll(async () => {
  front = await serveResp();
});

afterAll(() => front.close());

const large = Buffer.from(Uint32Array.from({ length: 500_000 }, (_, at) => at * 2654435761).buffer);

describe.each([2, 3] as const)('ioredis with RESP%i', (protocol) => {
  it('works unchanged', async () => {
    const redis = new Redis({ host: '127.0.0.1', port: front.server.port, protocol, connectionName: 'me' });
    expect(await redis.set('io', 'value', 'EX', 100)).toBe('OK');
    expect(await redis.get('io')).toBe('value');
    expect(await redis.ttl('io')).toBe(100);
    expect(await redis.get('nothing')).toBeNull();
    expect(await redis.set('large', large)).toBe('OK');
    expect(large.equals((await redis.getBuffer('large')) ?? Buffer.alloc(0))).toBe(true);
    expect(await redis.mset('a', '1', 'b', '2')).toBe('OK');
    expect(await redis.mget('a', 'b', 'nothing')).toEqual(['1', '2', null]);
    const counted = await redis.pipeline().incr('n').incrby('n', 41).del('n').exec();
    expect(counted).toEqual([
      [null, 1],
      [null, 42],
      [null, 1],
    ]);
    const many = await Promise.all(Array.from({ length: 1000 }, () => redis.incr('many')));
    expect(many).toEqual(Array.from({ length: 1000 }, (_, at) => at + 1));
    expect(await redis.del('many')).toBe(1);
    await expect(redis.call('FOO')).rejects.toThrow("ERR unknown command 'FOO', with args beginning with: ");
    expect(await redis.client('GETNAME')).toBe('me');
    expect(await redis.client('INFO')).toMatch(`resp=${protocol} `);
    expect(await redis.info('server')).toContain('redis_version:7.0.15');
    expect(await redis.quit()).toBe('OK');
  });
});

describe.each([2, 3] as const)('node-redis with RESP%i', (version) => {
  it('works unchanged', async () => {
    const client = createClient({ url: `redis://127.0.0.1:${front.server.port}`, RESP: version, name: 'me' });
    await client.connect();
    expect(await client.set('node', 'value', { expiration: { type: 'EX', value: 100 } })).toBe('OK');
    expect(await client.get('node')).toBe('value');
    expect(await client.ttl('node')).toBe(100);
    expect(await client.get('nothing')).toBeNull();
    expect(await client.set('large', large)).toBe('OK');
    const buffers = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    expect(large.equals((await buffers.get('large')) ?? Buffer.alloc(0))).toBe(true);
    expect(
      await client.mSet([
        ['a', '1'],
        ['b', '2'],
      ]),
    ).toBe('OK');
    expect(await client.mGet(['a', 'b', 'nothing'])).toEqual(['1', '2', null]);
    const many = await Promise.all(Array.from({ length: 1000 }, () => client.incr('many')));
    expect(many).toEqual(Array.from({ length: 1000 }, (_, at) => at + 1));
    expect(await client.del('many')).toBe(1);
    expect(await client.configGet('save')).toMatchObject({ save: '' });
    expect(await client.clientGetName()).toBe('me');
    expect(await client.clientInfo()).toMatchObject({ name: 'me', resp: version, libName: 'node-redis' });
    await expect(client.sendCommand(['FOO'])).rejects.toThrow("ERR unknown command 'FOO', with args beginning with: ");
    await client.close();
  });
});
