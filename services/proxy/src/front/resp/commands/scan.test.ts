import { SionError } from '@sion/wire';
import { describe, expect, it } from 'vitest';
import type { RespClient } from '../../../../../../tests/doubles/resp-client.ts';
import { type RespFrontChange, serveRespInTest } from '../../../../../../tests/doubles/resp-front.ts';
import { nextTurn, until } from '../../../../../../tests/doubles/turns.ts';
import type { ListRequest, Objects } from '../../../objects/objects.ts';

/** A front with keys, and the listings that it asks for. */
async function serveKeys(keys: readonly string[], settings: RespFrontChange['settings'] = {}) {
  const { objects } = await serveRespInTest();
  const decide = () => ({ kind: 'write', bytes: Buffer.from('v'), result: undefined }) as const;
  for (const key of keys) await objects.mutate(key, { needs: 'nothing', decide });
  const listings: ListRequest[] = [];
  const list: Objects['list'] = (request) => {
    listings.push(request);
    return objects.list(request);
  };
  const front = await serveRespInTest({ objects: { ...objects, list }, settings });
  return { objects, listings, front, client: await front.dial() };
}

interface Page {
  readonly cursor: string;
  readonly keys: readonly string[];
}

async function scanOnce(client: RespClient, cursor: string, ...options: readonly string[]): Promise<Page> {
  const reply = await client.call('SCAN', cursor, ...options);
  const lines = reply.split('\r\n').filter((line) => !/^[$*]/.test(line));
  expect(reply).toMatch(/^\*2\r\n\$\d+\r\n\d+\r\n\*\d+\r\n/);
  return { cursor: lines[0] ?? '', keys: lines.slice(1, -1) };
}

async function scanAll(client: RespClient, ...options: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  let cursor = '0';
  do {
    const page = await scanOnce(client, cursor, ...options);
    found.push(...page.keys);
    cursor = page.cursor;
  } while (cursor !== '0');
  return found;
}

const users = Array.from({ length: 25 }, (_, at) => `user:${String(at).padStart(2, '0')}`);
const files = Array.from({ length: 30 }, (_, at) => `file/${at}`);

describe('SCAN', () => {
  it('gives every key once, COUNT by COUNT', async () => {
    const { client, listings } = await serveKeys([...users, ...files]);
    expect((await scanAll(client)).toSorted()).toEqual([...users, ...files].toSorted());
    expect(listings.map(({ limit }) => limit)).toEqual([10, 10, 10, 10, 10, 10]);
    expect((await scanAll(client, 'COUNT', '7')).toSorted()).toEqual([...users, ...files].toSorted());
    expect((await scanAll(client, 'COUNT', '1000000')).length).toBe(55);
    expect(listings.at(-1)?.limit).toBe(1000);
  });

  it('lists only what a pattern begins with', async () => {
    const { client, listings } = await serveKeys([...users, ...files]);
    expect(await scanAll(client, 'MATCH', 'user:0*', 'COUNT', '4')).toEqual(users.slice(0, 10));
    expect(new Set(listings.map(({ prefix }) => prefix))).toEqual(new Set(['user:0']));
    const before = listings.length;
    expect(await scanAll(client, 'MATCH', 'user:07')).toEqual(['user:07']);
    expect(await scanAll(client, 'MATCH', 'user:0')).toEqual([]);
    expect(await scanAll(client, 'MATCH', '*', 'TYPE', 'hash')).toEqual([]);
    expect(await scanAll(client, 'MATCH', `${'k'.repeat(600)}*`)).toEqual([]);
    expect(listings.length).toBe(before);
  });

  it('gives the same place the same cursor, exact in every client', async () => {
    const { client } = await serveKeys(users);
    const first = await scanOnce(client, '0');
    expect((await scanOnce(client, '0')).cursor).toBe(first.cursor);
    expect(Number.isSafeInteger(Number(first.cursor))).toBe(true);
    const second = await scanOnce(client, first.cursor);
    expect(await scanOnce(client, first.cursor)).toEqual(second);
    expect(second.keys).toEqual(users.slice(10, 20));
  });

  it('goes on with a narrower pattern, and refuses one that would leave keys out', async () => {
    const { client } = await serveKeys([...users, ...files]);
    const all = await scanOnce(client, '0', 'COUNT', '20');
    expect((await scanOnce(client, all.cursor, 'MATCH', 'user:*', 'COUNT', '1000')).keys).toEqual(users);
    const some = await scanOnce(client, '0', 'MATCH', 'user:*');
    expect(await client.call('SCAN', some.cursor)).toMatch(
      /^-ERR the cursor \d+ is not known here: .*; start again with SCAN 0\r\n$/,
    );
  });

  it('forgets the cursors that were not used for the longest time, and says so', async () => {
    const { client } = await serveKeys(users, { maxScanCursors: 3 });
    const cursors: string[] = [];
    for (let count = 1; count <= 4; count += 1)
      cursors.push((await scanOnce(client, '0', 'COUNT', String(count))).cursor);
    expect(await client.call('SCAN', cursors[0] ?? '')).toContain('start again with SCAN 0');
    expect((await scanOnce(client, cursors[1] ?? '', 'COUNT', '1')).keys).toEqual(['user:02']);
    expect(await client.call('SCAN', '5')).toContain('-ERR the cursor 5 is not known here');
  });

  it('sees what was sent before it, and not what was sent after it', async () => {
    const { client } = await serveKeys([]);
    client.send('SET a 1\r\nSCAN 0\r\nKEYS *\r\nSET b 1\r\nDBSIZE\r\n');
    const replies: string[] = [];
    for (let at = 0; at < 5; at += 1) replies.push(await client.reply());
    expect(replies).toEqual([
      '+OK\r\n',
      '*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n',
      '*1\r\n$1\r\na\r\n',
      '+OK\r\n',
      ':2\r\n',
    ]);
  });
});

describe('KEYS and RANDOMKEY', () => {
  const many = Array.from({ length: 2500 }, (_, at) => `many:${at}`);

  it('find keys over several pages of the listing', async () => {
    const { client, listings } = await serveKeys([...many, ...users]);
    const reply = await client.call('KEYS', 'many:*');
    expect(
      reply
        .split('\r\n')
        .filter((line) => line.startsWith('many:'))
        .toSorted(),
    ).toEqual(many.toSorted());
    expect(listings.map(({ limit, prefix }) => [limit, prefix])).toEqual(Array(3).fill([1000, 'many:']));
    expect(await client.call('KEYS', 'user:2?')).toMatch(/^\*5\r\n/);
    expect(await client.call('RANDOMKEY')).toMatch(/^\$\d+\r\n(many|user):\d+\r\n$/);
  });

  it('KEYS is refused, with the remedy, when its answer would be too long', async () => {
    const { client } = await serveKeys([...users, ...files], { maxKeysAnswerBytes: 30 * (64 + 7) });
    expect(await client.call('KEYS', '*')).toMatch(
      /^-CAPACITY more than \d+ keys match, .*; use SCAN, or a narrower pattern\r\n$/,
    );
    expect(await client.call('KEYS', 'user:*')).toMatch(/^\*25\r\n/);
  });

  it('find nothing where there is nothing', async () => {
    const { client } = await serveKeys([]);
    expect(await client.call('KEYS', '*')).toBe('*0\r\n');
    expect(await client.call('RANDOMKEY')).toBe('$-1\r\n');
    expect(await client.call('DBSIZE')).toBe(':0\r\n');
  });

  it('KEYS stops when its client goes away', async () => {
    const { objects } = await serveRespInTest();
    let pages = 0;
    const gone = Promise.withResolvers<void>();
    const list: Objects['list'] = async () => {
      pages += 1;
      if (pages > 1) await gone.promise;
      // Without an end: only the client's going away ends it.
      return { objects: [], commonPrefixes: [], next: 'more' };
    };
    const front = await serveRespInTest({ objects: { ...objects, list } });
    const client = await front.dial();
    client.send('KEYS *\r\n');
    await until(() => pages === 2);
    await client.close();
    await until(() => front.server.connections === 0);
    gone.resolve();
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    expect(pages).toBe(2);
  });
});

describe('FLUSHALL and FLUSHDB', () => {
  it('are refused, with the remedy, unless the settings allow them', async () => {
    const { client, objects } = await serveKeys(users);
    expect(await client.call('FLUSHALL')).toBe(
      '-ERR FLUSHALL is off, for it would delete every object of the store; to allow it, start the proxy with SION_ALLOW_FLUSH=true\r\n',
    );
    expect(await client.call('flushdb', 'async')).toContain('-ERR FLUSHDB is off');
    expect(objects.keys().length).toBe(25);
  });

  it.each(['FLUSHALL', 'FLUSHDB SYNC', 'FLUSHALL ASYNC'])(
    '%s deletes everything sent before it, and nothing sent after it',
    async (command) => {
      const many = Array.from({ length: 1500 }, (_, at) => `many:${at}`);
      const { client, objects, listings } = await serveKeys(many, { allowFlush: true });
      client.send(`SET before 1\r\n${command}\r\nSET after 1\r\n`);
      for (let at = 0; at < 3; at += 1) expect(await client.reply()).toBe('+OK\r\n');
      expect(objects.keys()).toEqual(['after']);
      expect(listings.length).toBe(2);
    },
  );

  it('say what went wrong, and can be sent again', async () => {
    const { objects } = await serveKeys(users, { allowFlush: true });
    let failures = 1;
    const mutate: Objects['mutate'] = (key, mutation, options) => {
      if (key !== 'user:20' || failures === 0) return objects.mutate(key, mutation, options);
      failures -= 1;
      return Promise.reject(new SionError('unavailable', 'the store does not answer; retry later'));
    };
    const front = await serveRespInTest({ objects: { ...objects, mutate }, settings: { allowFlush: true } });
    const client = await front.dial();
    expect(await client.call('FLUSHALL')).toBe('-UNAVAILABLE the store does not answer; retry later\r\n');
    expect(objects.keys()).toContain('user:20');
    expect(await client.call('FLUSHALL')).toBe('+OK\r\n');
    expect(objects.keys()).toEqual([]);
  });
});
