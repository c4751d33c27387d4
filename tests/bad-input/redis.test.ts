/** What bad input over the Redis protocol gets; the rows are those of docs/bad-input.md. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCommand } from '../doubles/resp-client.ts';
import { until } from '../doubles/turns.ts';
import { BadInputBench } from './bench.ts';
import { titleOf } from './table.ts';

const mib = 1024 * 1024;

describe('over the Redis protocol', { timeout: 60_000 }, () => {
  let bench: BadInputBench;

  beforeAll(async () => {
    bench = await BadInputBench.start();
  }, 60_000);

  afterAll(() => bench?.stop(), 60_000);

  /** The replies to some commands on a connection of its own. */
  async function replies(...commands: readonly (readonly string[])[]): Promise<readonly string[]> {
    const client = await bench.dial();
    const all: string[] = [];
    for (const command of commands) all.push(await client.call(...command));
    await client.close();
    return all;
  }

  /** All that comes back for some bytes until the proxy closes. */
  async function fate(bytes: Uint8Array | string): Promise<string> {
    const client = await bench.dial();
    client.send(bytes);
    return await client.rest();
  }

  it(titleOf('too few or too many arguments'), () =>
    bench.survives('k', async () => {
      for (const command of [['GET'], ['GET', 'a', 'b'], ['SET', 'k'], ['MSET', 'k'], ['DEL'], ['APPEND', 'k']]) {
        const [reply] = await replies(command);
        expect(reply).toMatch(/^-ERR wrong number of arguments for '\w+' command\r\n$/);
      }
    }),
  );

  it(titleOf('a counter beyond 64 bits'), () =>
    bench.survives('n', async () => {
      const most = '9223372036854775807';
      const told = await replies(['SET', 'n', most], ['INCR', 'n'], ['INCRBY', 'n', '1'], ['GET', 'n'], ['DEL', 'n']);
      expect(told[1]).toMatch(/^-ERR .*overflow/);
      expect(told[2]).toMatch(/^-ERR .*overflow/);
      expect(told[3]).toBe(`$19\r\n${most}\r\n`);
    }),
  );

  it(titleOf('a counter that is no number'), () =>
    bench.survives('n', async () => {
      const told = await replies(
        ['SET', 'n', 'ten'],
        ['INCR', 'n'],
        ['INCRBY', 'n', '1.5'],
        ['EXPIRE', 'n', 'soon'],
        ['GET', 'n'],
      );
      for (const reply of told.slice(1, 4)) expect(reply).toMatch(/^-ERR value is not an integer or out of range\r\n$/);
      expect(told[4]).toBe('$3\r\nten\r\n');
    }),
  );

  it(titleOf('a command of another type'), () =>
    bench.survives('l', async () => {
      for (const command of [
        ['LPUSH', 'l', '1'],
        ['HSET', 'l', 'f', 'v'],
        ['ZADD', 'l', '1', 'a'],
      ]) {
        expect((await replies(command))[0]).toMatch(/^-ERR unknown command '/);
      }
      expect(await replies(['EXISTS', 'l'])).toEqual([':0\r\n']);
    }),
  );

  it(titleOf('a key that is too long'), () =>
    bench.survives('k'.repeat(512), async () => {
      const long = 'k'.repeat(513);
      for (const command of [
        ['GET', long],
        ['SET', long, 'v'],
        ['SET', long, 'v'.repeat(100_000)],
        ['MSET', 'a', '1', long, '2'],
      ]) {
        expect((await replies(command))[0]).toMatch(/^-ERR .*key.*513.*512/);
      }
    }),
  );

  it(titleOf('a value of 10 GB that is announced'), () =>
    bench.survives('k', async () => {
      const told = await fate('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10000000000\r\nxxxx');
      expect(told).toBe('-ERR Protocol error: invalid bulk length\r\n');
    }),
  );

  it(titleOf('more arguments than are allowed'), () =>
    bench.survives('k', async () => {
      expect(await fate('*1048577\r\n')).toBe('-ERR Protocol error: invalid multibulk length\r\n');
    }),
  );

  it(titleOf('arguments that do not stream and are too much for memory'), () =>
    bench.survives('a', async () => {
      const client = await bench.dial();
      client.send('*3\r\n$4\r\nMSET\r\n$1\r\na\r\n$67108864\r\n');
      for (let piece = 0; piece < 64; piece++) client.send(Buffer.alloc(mib));
      client.send('\r\n');
      expect(await client.reply()).toMatch(/^-CAPACITY /);
      expect(await client.call('GET', 'a')).toBe('$-1\r\n');
      await client.close();
    }),
  );

  it(titleOf('garbage without a line end'), () =>
    bench.survives('k', async () => {
      expect(await fate(Buffer.alloc(200_000, 'x'))).toBe('-ERR Protocol error: too big inline request\r\n');
    }),
  );

  it(titleOf('garbage in lines'), () =>
    bench.survives('k', async () => {
      const told = await fate('\x01\x02 \xff\xfe\r\n}{\r\n\r\nGET\r\nSET "k\r\n');
      expect(told.split('\r\n').map((line) => line.slice(0, 14))).toEqual([
        ...['-ERR unknown c', '-ERR unknown c', '-ERR wrong num', '-ERR Protocol '],
        '',
      ]);
    }),
  );

  it(titleOf('HTTP on the port of Redis'), () =>
    bench.survives('k', async () => {
      const told = await fate('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n\r\nSET k stolen\r\n');
      expect(told).not.toContain('+OK');
      expect(await replies(['GET', 'k'])).toEqual(['$-1\r\n']);
    }),
  );

  it(titleOf('a value that never ends'), () =>
    bench.survives('k', async () => {
      const client = await bench.dial();
      client.send('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$400000000\r\n');
      for (let piece = 0; piece < 40; piece++) client.send(Buffer.alloc(mib));
      expect(await client.rest()).toMatch(/^-ERR no byte of the command came for 1500 ms/);
      expect(await replies(['EXISTS', 'k'])).toEqual([':0\r\n']);
    }),
  );

  it(titleOf('a client that leaves in the middle of a value'), () =>
    bench.survives('k', async () => {
      const client = await bench.dial();
      client.send('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$400000000\r\n');
      for (let piece = 0; piece < 40; piece++) client.send(Buffer.alloc(mib));
      await until(() => client.socket.writableLength === 0);
      await client.close();
      expect(await replies(['EXISTS', 'k'])).toEqual([':0\r\n']);
    }),
  );

  it(titleOf('a client that never reads its answers'), async () => {
    const writer = bench.sion.redis();
    expect(await writer.set('large', Buffer.alloc(24 * mib, 'l'))).toBe('OK');
    writer.disconnect();
    await bench.survives('large', async () => {
      const client = await bench.dial();
      client.socket.pause();
      for (let read = 0; read < 10; read++) client.send(encodeCommand(['GET', 'large']));
      await until(async () => (await bench.sion.status()).connections.resp > 1);
      // Cut by the proxy: nobody else ends this connection.
      await until(async () => (await bench.sion.status()).connections.resp <= 1);
      client.socket.destroy();
    });
  });
});
