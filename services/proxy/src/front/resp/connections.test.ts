/** What concerns several connections: lists of clients, their ends, pauses, idle times, and commands that took long. */
import { expect, it } from 'vitest';
import { serveRespInTest } from '../../../../../tests/doubles/resp-front.ts';

const ok = '+OK\r\n';

it('lists clients, and ends those that are named', async () => {
  const front = await serveRespInTest();
  const [first, second, third] = [await front.dial(), await front.dial(), await front.dial()];
  for (const [client, name] of [
    [first, 'one'],
    [second, 'two'],
    [third, 'three'],
  ] as const) {
    expect(await client.call('CLIENT', 'SETNAME', name)).toBe(ok);
  }
  expect((await first.call('CLIENT', 'LIST')).match(/name=\w+/g)).toEqual(['name=one', 'name=two', 'name=three']);
  expect((await first.call('CLIENT', 'LIST', 'ID', '3', '2')).match(/name=\w+/g)).toEqual(['name=three', 'name=two']);
  expect(await first.call('CLIENT', 'KILL', 'ID', '2')).toBe(':1\r\n');
  expect(await second.rest()).toBe('');
  expect(await first.call('CLIENT', 'KILL', 'TYPE', 'normal')).toBe(':1\r\n');
  expect(await third.rest()).toBe('');
  expect((await first.call('CLIENT', 'LIST')).match(/name=\w+/g)).toEqual(['name=one']);
  first.send('PING\r\nCLIENT KILL TYPE normal SKIPME no\r\nPING\r\n');
  expect(await first.rest()).toBe('+PONG\r\n:1\r\n');
});

it('a kill in the middle of a value keeps nothing of it', async () => {
  const front = await serveRespInTest();
  const [victim, other] = [await front.dial(), await front.dial()];
  victim.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n${'x'.repeat(50_000)}`);
  while (!(await other.call('CLIENT', 'LIST', 'ID', '1')).includes('cmd=set')) await other.call('PING');
  expect(await other.call('CLIENT', 'KILL', 'ID', '1')).toBe(':1\r\n');
  expect(await victim.rest()).toBe('');
  expect(await other.call('GET', 'k')).toBe('$-1\r\n');
  expect(front.objects.stagedCount()).toBe(0);
});

it('a pause holds back writes of everybody until it ends', async () => {
  const front = await serveRespInTest();
  const [one, two] = [await front.dial(), await front.dial()];
  expect(await one.call('CLIENT', 'PAUSE', '100000000', 'WRITE')).toBe(ok);
  two.send('GET k\r\nSET k v\r\nGET k\r\n');
  expect(await two.reply()).toBe('$-1\r\n');
  expect(await one.call('GET', 'k')).toBe('$-1\r\n');
  expect(await one.call('CLIENT', 'UNPAUSE')).toBe(ok);
  expect([await two.reply(), await two.reply()]).toEqual([ok, '$1\r\nv\r\n']);
});

it('a pause ends with the server', async () => {
  const front = await serveRespInTest();
  const client = await front.dial();
  client.send('CLIENT PAUSE 100000000 ALL\r\nPING\r\n');
  expect(await client.reply()).toBe(ok);
  const closed = front.server.close();
  expect(await client.rest()).toBe('+PONG\r\n');
  await closed;
});

it('CONFIG SET takes effect on what is connected, and on who comes', async () => {
  const front = await serveRespInTest();
  const client = await front.dial();
  expect(await client.call('CONFIG', 'SET', 'proto-max-bulk-len', '1mb', 'maxclients', '1')).toBe(ok);
  expect(await (await front.dial()).rest()).toBe('-ERR max number of clients reached\r\n');
  expect(await client.call('CONFIG', 'SET', 'maxclients', '2')).toBe(ok);
  expect(await (await front.dial()).call('PING')).toBe('+PONG\r\n');
  client.send('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048577\r\n');
  expect(await client.rest()).toBe('-ERR Protocol error: invalid bulk length\r\n');
});

it('the slow log keeps the last commands, cut short, without passwords', async () => {
  const front = await serveRespInTest();
  const client = await front.dial();
  await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0', 'slowlog-max-len', '2');
  await client.call('MSET', ...Array.from({ length: 40 }, () => 'x'.repeat(130)));
  await client.call('AUTH', 'default', 'secret');
  const log = await client.call('SLOWLOG', 'GET');
  expect(log).toContain('$10\r\n(redacted)\r\n');
  expect(log).not.toContain('secret');
  expect(log).toContain('... (2 more bytes)');
  expect(log).toContain('... (10 more arguments)');
  expect(await client.call('SLOWLOG', 'LEN')).toBe(':2\r\n');
});

it('RESETSTAT sets the counts back', async () => {
  const front = await serveRespInTest();
  const client = await front.dial();
  await client.call('FOO');
  await client.call('GET', 'k');
  const before = await client.call('INFO', 'all');
  expect(before).toContain('errorstat_ERR:count=1');
  expect(before).toContain('cmdstat_get:calls=1,');
  await client.call('CONFIG', 'RESETSTAT');
  const after = await client.call('INFO', 'all');
  expect(after).not.toContain('errorstat_ERR');
  expect(after).not.toContain('cmdstat_get');
});
