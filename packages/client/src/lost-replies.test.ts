/** What the client does when a connection goes, a reply does not come, or a server says no: never anything twice that must not be. */
import { describe, expect, it } from 'vitest';
import type { SionClient } from './client.ts';
import { isSionError, type SionError } from './errors.ts';
import { clientInTest } from './fronts.test-data.ts';
import { serveRedis } from './scripted-servers.test-data.ts';

async function failureOf(promise: Promise<unknown>): Promise<SionError> {
  const error = await promise.then(
    (value) => new Error(`resolved with ${String(value)}`),
    (thrown: unknown) => thrown,
  );
  if (isSionError(error)) return error;
  throw error;
}

/** Calls that change something, none of which may be sent again after its reply was lost. */
const writes: Readonly<Record<string, (client: SionClient) => Promise<unknown>>> = {
  INCRBY: (client) => client.incr('n'),
  INCRBYFLOAT: (client) => client.incrByFloat('n', 0.5),
  APPEND: (client) => client.append('n', 'x'),
  GETDEL: (client) => client.getDel('n'),
  SET: (client) => client.set('n', 'x'),
  DEL: (client) => client.del('n'),
  PEXPIRE: (client) => client.expire('n', 10),
  PERSIST: (client) => client.persist('n'),
  RENAME: (client) => client.rename('n', 'm'),
  COPY: (client) => client.copy('n', 'm'),
  FOO: (client) => client.command('FOO', ['n']),
};

/** Calls that only read. */
const reads: Readonly<Record<string, { call(client: SionClient): Promise<unknown>; reply: string; result: unknown }>> =
  {
    GET: { call: (client) => client.get('k'), reply: '$1\r\nv\r\n', result: Buffer.from('v') },
    MGET: { call: (client) => client.mget(['k']), reply: '*1\r\n$1\r\nv\r\n', result: [Buffer.from('v')] },
    EXISTS: { call: (client) => client.exists('k'), reply: ':1\r\n', result: true },
    TTL: { call: (client) => client.ttl('k'), reply: ':-1\r\n', result: Number.POSITIVE_INFINITY },
    FOO: { call: (client) => client.command('FOO', [], { reads: true }), reply: ':5\r\n', result: '5' },
  };

describe('a connection that is cut after the server has taken the command', () => {
  it.each(Object.keys(writes))('%s is told to be indeterminate and never sent again', async (name) => {
    const server = await serveRedis(([command]) => (command === 'PING' ? '+PONG\r\n' : 'cut'));
    const client = clientInTest({ port: server.port });
    const error = await failureOf(writes[name]?.(client) ?? Promise.resolve());
    expect(error).toMatchObject({ code: 'indeterminate', effect: 'unknown', retryable: false });
    // A new connection is made, and what was in flight on the old one does not come with it.
    await client.ping();
    expect(server.connections()).toBe(2);
    expect(server.commands.map(([command]) => command?.toUpperCase())).toEqual([name, 'PING']);
  });

  it.each(Object.keys(reads))('%s is sent again', async (name) => {
    const { call, reply, result } = reads[name] ?? { call: () => Promise.resolve(), reply: '', result: 0 };
    const server = await serveRedis((_, index) => (index < 2 ? 'cut' : reply));
    expect(await call(clientInTest({ port: server.port }))).toEqual(result);
    expect(server.commands.map(([command]) => command?.toUpperCase())).toEqual([name, name, name]);
  });

  it('a write whose caller allows it is sent again', async () => {
    const server = await serveRedis((_, index) => (index === 0 ? 'cut' : '+OK\r\n'));
    expect(await clientInTest({ port: server.port }).set('k', 'v', { resend: true })).toBe(true);
    expect(server.commands).toHaveLength(2);
  });

  it.each([{ ifAbsent: true }, { ifPresent: true }])('a write with the condition %o is not', async (condition) => {
    const server = await serveRedis(() => 'cut');
    const call = clientInTest({ port: server.port }).set('k', 'v', { resend: true, ...condition });
    expect((await failureOf(call)).code).toBe('indeterminate');
    expect(server.commands).toHaveLength(1);
  });

  it.each([
    ['INCRBY', (client: SionClient, options: object) => client.incr('n', options)],
    ['INCRBYFLOAT', (client: SionClient, options: object) => client.incrByFloat('n', 1, options)],
    ['APPEND', (client: SionClient, options: object) => client.append('n', 'x', options)],
    ['GETDEL', (client: SionClient, options: object) => client.getDel('n', options)],
    ['SET … GET', (client: SionClient, options: object) => client.getSet('n', 'x', options)],
    ['RENAME', (client: SionClient, options: object) => client.rename('n', 'm', options)],
    ['COPY', (client: SionClient, options: object) => client.copy('n', 'm', options)],
    ['FOO', (client: SionClient, options: object) => client.command('FOO', [], options)],
  ])('%s is not, even for a caller who goes around the types', async (_, call) => {
    const server = await serveRedis(() => 'cut');
    const error = await failureOf(call(clientInTest({ port: server.port }), { resend: true }));
    expect(error.code).toBe('indeterminate');
    expect(server.commands).toHaveLength(1);
  });

  it('commands that waited behind it on the same connection are each told for themselves', async () => {
    const server = await serveRedis(([command], index) =>
      command === 'INCRBY' ? (index >= 2 ? 'cut' : 'silence') : '$1\r\nv\r\n',
    );
    const client = clientInTest({ port: server.port });
    const [first, second, third, read] = await Promise.all([
      failureOf(client.incr('a')),
      failureOf(client.incr('b')),
      failureOf(client.incr('c')),
      client.get('k'),
    ]);
    for (const error of [first, second, third]) expect(error.code).toBe('indeterminate');
    expect(read).toEqual(Buffer.from('v'));
    expect(server.commands.filter(([command]) => command === 'INCRBY')).toHaveLength(3);
  });

  it('a read gives up after its retries', async () => {
    const server = await serveRedis(() => 'cut');
    const error = await failureOf(clientInTest({ port: server.port, retries: 2 }).get('k'));
    expect(error).toMatchObject({ code: 'unavailable', effect: 'none', retryable: true });
    expect(server.commands).toHaveLength(3);
  });
});

describe('a reply that says no', () => {
  it.each(['UNAVAILABLE the store is away', 'ERR max number of clients reached'])(
    '%s: nothing was changed, so that even INCR is sent again',
    async (text) => {
      const server = await serveRedis((_, index) => (index < 2 ? `-${text}\r\n` : ':3\r\n'));
      expect(await clientInTest({ port: server.port }).incr('n')).toBe(3);
      expect(server.commands).toHaveLength(3);
    },
  );

  it.each([
    ['INDETERMINATE nobody knows', 'indeterminate', 'unknown'],
    ['CAPACITY the disk is full', 'capacity', 'none'],
    ['ERR value is not an integer or out of range', 'invalid', 'none'],
    ['ERR corrupt: no good copy', 'corrupt', 'none'],
    ['ERR internal: a defect', 'internal', 'none'],
    ['NOAUTH Authentication required.', 'unauthorized', 'none'],
  ])('%s is told at once as %s', async (text, code, effect) => {
    const server = await serveRedis(() => `-${text}\r\n`);
    const error = await failureOf(clientInTest({ port: server.port }).incr('n'));
    expect(error).toMatchObject({ code, effect, retryable: false });
    expect(server.commands).toHaveLength(1);
  });
});

describe('a server that does not answer', () => {
  it('a read is given up as a time-out', async () => {
    const server = await serveRedis(() => 'silence');
    const error = await failureOf(clientInTest({ port: server.port }).get('k', { timeoutMs: 30 }));
    expect(error).toMatchObject({ code: 'timeout', effect: 'none' });
  });

  it('a write is told to be indeterminate', async () => {
    const server = await serveRedis(([command]) => (command === 'PING' ? '+PONG\r\n' : 'silence'));
    const client = clientInTest({ port: server.port });
    // Connected, so that the command is sent however busy the machine is.
    await client.ping();
    const error = await failureOf(client.incr('n', { timeoutMs: 30 }));
    expect(error).toMatchObject({ code: 'indeterminate', effect: 'unknown' });
  });

  it('a caller may give up', async () => {
    const abort = new AbortController();
    const server = await serveRedis(([command]) => {
      abort.abort(new Error('no longer wanted'));
      return command === 'INCRBY' ? 'silence' : ':1\r\n';
    });
    const client = clientInTest({ port: server.port });
    const error = await failureOf(client.incr('n', { signal: abort.signal }));
    expect(error).toMatchObject({ code: 'aborted', effect: 'unknown', cause: new Error('no longer wanted') });
    const before = await failureOf(client.incr('n', { signal: abort.signal }));
    expect(before).toMatchObject({ code: 'aborted', effect: 'none' });
    expect(server.commands).toHaveLength(1);
  });
});

describe('no server', () => {
  it('is told with the place, and nothing was sent', async () => {
    const error = await failureOf(clientInTest({ port: 1, retries: 1 }).incr('n'));
    expect(error).toMatchObject({ code: 'unavailable', effect: 'none', retryable: true });
    expect(error.message).toContain('127.0.0.1:1');
    expect(error.message).toContain('nothing listens there');
  });

  it('does not keep a call longer than its time', async () => {
    const client = clientInTest({ port: 1, retries: 100, minRetryMs: 20, maxRetryMs: 20 });
    expect((await failureOf(client.incr('n', { timeoutMs: 60 }))).effect).toBe('none');
  });
});

describe('a client that was closed', () => {
  it('takes no more calls, and says so', async () => {
    const server = await serveRedis(() => '+PONG\r\n');
    const client = clientInTest({ port: server.port });
    await client.ping();
    await client.close();
    expect(await failureOf(client.ping())).toMatchObject({ code: 'closed', retryable: false });
    await client.close();
  });

  it('lets calls under way end', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const server = await serveRedis(() => {
      resolve();
      return ':7\r\n';
    });
    const client = clientInTest({ port: server.port });
    const call = client.incr('n');
    await promise;
    await client.close();
    expect(await call).toBe(7);
  });
});

describe('durability', () => {
  it('has connections of its own, which are told before the first write', async () => {
    const server = await serveRedis(() => '+OK\r\n');
    const client = clientInTest({ port: server.port });
    await client.set('k', 'v');
    await client.set('k', 'v', { durability: 'memory' });
    expect(server.connections()).toBe(2);
    expect(server.commands).toEqual([
      ['SET', 'k', 'v'],
      ['SION', 'DURABILITY', 'memory'],
      ['SET', 'k', 'v'],
    ]);
  });

  it('that the server does not offer is told, and nothing is written', async () => {
    const server = await serveRedis(() => "-ERR durability 'memory' is not offered\r\n");
    const client = clientInTest({ port: server.port, durability: 'memory' });
    expect(await failureOf(client.set('k', 'v'))).toMatchObject({ code: 'invalid', effect: 'none' });
    expect(server.commands).toHaveLength(1);
  });
});
