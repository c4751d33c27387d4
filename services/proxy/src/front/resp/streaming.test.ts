import { SionError } from '@sion/wire';
import { describe, expect, it } from 'vitest';
import { counted, objectsReading, streamOf } from '../../../../../tests/doubles/http-front.ts';
import { serveRespInTest } from '../../../../../tests/doubles/resp-front.ts';
import { until } from '../../../../../tests/doubles/turns.ts';
import type { NewBytes, Objects, ReadOutcome } from '../../objects/objects.ts';

/** A front whose `stage` is `stage`, given the double behind it. */
async function serveStaging(stage: (objects: Objects, bytes: NewBytes, key: string) => ReturnType<Objects['stage']>) {
  const plain = await serveRespInTest();
  const { objects } = plain;
  const front = await serveRespInTest({ objects: { ...objects, stage: (key, bytes) => stage(objects, bytes, key) } });
  return { ...front, objects };
}

describe('a large SET', () => {
  it('is staged while it arrives, and written with the options behind it', async () => {
    let staged = 0;
    const { dial, objects } = await serveStaging((double, bytes, key) => {
      const pieces = counted(streamOf(bytes), (count) => {
        staged += count;
      });
      return double.stage(key, { kind: 'stream', pieces });
    });
    const client = await dial();
    client.send(`*6\r\n$3\r\nSET\r\n$1\r\nk\r\n$10000\r\n${'x'.repeat(6000)}`);
    await until(() => staged >= 5000);
    expect(objects.keys()).toEqual([]);
    client.send(`${'y'.repeat(4000)}\r\n$2\r\nEX\r\n$2\r\n10\r\n`);
    await until(() => staged === 10_000);
    expect(objects.keys()).toEqual([]);
    client.send('$2\r\nNX\r\n');
    expect(await client.reply()).toBe('+OK\r\n');
    expect(await client.call('TTL', 'k')).toBe(':10\r\n');
    expect(await client.call('SET', 'k', 'z'.repeat(5000), 'NX')).toBe('$-1\r\n');
    expect(await client.call('SET', 'k', 'z'.repeat(5000), 'FOO')).toBe('-ERR syntax error\r\n');
    expect(await client.call('GET', 'k')).toBe(`$10000\r\n${'x'.repeat(6000)}${'y'.repeat(4000)}\r\n`);
    await until(() => objects.stagedCount() === 0);
  });

  it('is taken no faster than the engine takes it', async () => {
    let taken = 0;
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const slowly = async function* (bytes: NewBytes) {
      for await (const piece of streamOf(bytes)) {
        taken += piece.byteLength;
        yield piece;
        await gate;
      }
    };
    const { dial, objects } = await serveStaging((double, bytes, key) =>
      double.stage(key, { kind: 'stream', pieces: slowly(bytes) }),
    );
    const client = await dial();
    const valueBytes = 32 * 1024 * 1024;
    client.send(
      Buffer.concat([Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${valueBytes}\r\n`), Buffer.alloc(valueBytes)]),
    );
    client.send('\r\n');
    // The client's bytes stay in its own socket: neither the kernel nor the front takes them all.
    await until(() => taken > 0);
    const other = await dial();
    for (let at = 0; at < 100; at += 1) expect(await other.call('PING')).toBe('+PONG\r\n');
    expect(taken).toBe(512);
    expect(client.socket.writableLength).toBeGreaterThan(valueBytes / 4);
    open();
    expect(await client.reply()).toBe('+OK\r\n');
    expect((await objects.info('k'))?.sizeBytes).toBe(valueBytes);
  });

  it('leaves no trace when the client goes away in the middle of it', async () => {
    const failures: unknown[] = [];
    let staged = 0;
    const { dial, objects, server } = await serveStaging(async (double, bytes, key) => {
      try {
        const pieces = counted(streamOf(bytes), (count) => {
          staged += count;
        });
        return await double.stage(key, { kind: 'stream', pieces });
      } catch (error) {
        failures.push(error);
        throw error;
      }
    });
    // Before the last byte of the value, and before the arguments behind it.
    for (const [sent, until_] of [
      [3000, 2560],
      [5000, 5000],
    ] as const) {
      staged = 0;
      const client = await dial();
      client.send(`*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$5000\r\n${'x'.repeat(sent)}`);
      await until(() => staged === until_);
      await client.close();
      await until(() => server.connections === 0);
    }
    await until(() => failures.length === 1 && objects.stagedCount() === 0);
    expect(objects.keys()).toEqual([]);
  });

  it('is answered with the engine’s error, and the connection goes on', async () => {
    const { dial } = await serveStaging(async () => {
      throw new SionError('unavailable', 'the store does not answer; retry later');
    });
    const client = await dial();
    for (let at = 0; at < 3; at += 1) {
      expect(await client.call('SET', 'k', 'x'.repeat(100_000))).toBe(
        '-UNAVAILABLE the store does not answer; retry later\r\n',
      );
    }
    expect(await client.call('GET', 'k')).toBe('$-1\r\n');
  });
});

describe('a large GET', () => {
  it('is an error reply when it fails before its first byte', async () => {
    const { objects, seen } = objectsReading(async function* () {
      yield await Promise.reject(new SionError('unavailable', 'no copy can be read'));
    }, 5000);
    const { dial } = await serveRespInTest({ objects });
    const client = await dial();
    client.send('GET k\r\nPING\r\n');
    expect(await client.reply()).toBe('-UNAVAILABLE no copy can be read\r\n');
    expect(await client.reply()).toBe('+PONG\r\n');
    expect(seen.cancels).toBe(1);
  });

  it('is cut when it fails later, or gives another length than it said', async () => {
    const bodies = [
      async function* () {
        yield Buffer.from('x'.repeat(2000));
        throw new SionError('unavailable', 'superseded');
      },
      async function* () {
        yield Buffer.from('x'.repeat(2000));
      },
      async function* () {
        yield Buffer.from('x'.repeat(2000));
        yield Buffer.from('x'.repeat(4000));
      },
    ];
    for (const body of bodies) {
      const { objects } = objectsReading(body, 5000);
      const { dial } = await serveRespInTest({ objects });
      const client = await dial();
      client.send('GET k\r\nPING\r\n');
      // Cutting loses what the kernel has not sent yet; whatever arrived is a beginning of the answer.
      const text = await client.rest();
      expect(`$5000\r\n${'x'.repeat(2000)}`.startsWith(text)).toBe(true);
    }
  });

  it('is read from the engine no faster than the client reads it', async () => {
    let given = 0;
    const totalBytes = 32 * 1024 * 1024;
    const { objects } = objectsReading(async function* () {
      for (; given < totalBytes; given += 65_536) yield Buffer.alloc(65_536, 'x');
    }, totalBytes);
    const { dial } = await serveRespInTest({ objects });
    const [slow, other] = [await dial(), await dial()];
    slow.socket.pause();
    slow.send('GET k\r\nPING\r\n');
    await until(() => given > 0);
    let before = -1;
    // It stands still once the socket is full; other clients are served meanwhile.
    while (before !== given) {
      before = given;
      for (let at = 0; at < 200; at += 1) expect(await other.call('PING')).toBe('+PONG\r\n');
    }
    expect(given).toBeLessThan(totalBytes / 2);
    slow.socket.resume();
    expect((await slow.reply()).length).toBe(totalBytes + 11 + 2);
    expect(await slow.reply()).toBe('+PONG\r\n');
  });

  it('is cancelled when the client goes away', async () => {
    const { objects, seen } = objectsReading(async function* () {
      for (;;) yield Buffer.alloc(65_536);
    }, 2 ** 31);
    const { dial, server } = await serveRespInTest({ objects });
    const client = await dial();
    client.send('GET k\r\nGET k\r\n');
    await new Promise((resolve) => client.socket.once('data', resolve));
    await client.close();
    await until(() => server.connections === 0);
    // Both: the one that is being sent, and the one that waits behind it.
    await until(() => seen.cancels >= 2);
    expect(seen.signals.every((signal) => signal.aborted)).toBe(true);
  });
});

describe('a large MGET', () => {
  it('streams what does not fit into memory, in order', async () => {
    const { dial } = await serveRespInTest();
    const client = await dial();
    const values = new Map<string, string>();
    for (let at = 0; at < 40; at += 1) {
      const value = String.fromCharCode(65 + at).repeat(at % 2 === 0 ? 300_000 : 10);
      values.set(`k${at}`, value);
      expect(await client.call('SET', `k${at}`, value)).toBe('+OK\r\n');
    }
    const expected = [...values.values()].map((value) => `$${value.length}\r\n${value}\r\n`);
    client.send(`MGET ${[...values.keys()].join(' ')} nothing\r\nPING\r\n`);
    expect(await client.reply()).toBe(`*41\r\n${expected.join('')}$-1\r\n`);
    expect(await client.reply()).toBe('+PONG\r\n');
  });

  it('is an error when a read fails before the answer began, and cut after', async () => {
    const { objects, dial } = await serveRespInTest();
    const writer = await dial();
    for (let at = 0; at < 20; at += 1) await writer.call('SET', `k${at}`, 'x'.repeat(300_000));
    let failing = '';
    const read: Objects['read'] = async (key, options): Promise<ReadOutcome> => {
      if (key === failing) throw new SionError('corrupt', 'no good copy is left');
      return objects.read(key, options);
    };
    const front = await serveRespInTest({ objects: { ...objects, read } });
    const client = await front.dial();
    const keys = Array.from({ length: 20 }, (_, at) => `k${at}`);
    failing = 'k1';
    expect(await client.call('MGET', ...keys)).toBe('-ERR corrupt: no good copy is left\r\n');
    failing = 'k19';
    client.send(`MGET ${keys.join(' ')}\r\nPING\r\n`);
    const text = await client.rest();
    expect(text.startsWith('*20\r\n')).toBe(true);
    expect(text).not.toContain('PONG');
  });
});

describe('errors of the engine', () => {
  const told = [
    ['invalid', '-ERR why\r\n'],
    ['unavailable', '-UNAVAILABLE why\r\n'],
    ['indeterminate', '-INDETERMINATE why\r\n'],
    ['capacity', '-CAPACITY why\r\n'],
    ['corrupt', '-ERR corrupt: why\r\n'],
    ['closed', '-UNAVAILABLE why\r\n'],
    ['internal', '-ERR internal: a defect of SION, see the log of the proxy; please report it\r\n'],
  ] as const;
  it.each(told)('tells %s', async (code, reply) => {
    const { objects } = await serveRespInTest();
    const mutate = async () => {
      throw new SionError(code, 'why');
    };
    const { dial } = await serveRespInTest({ objects: { ...objects, mutate } });
    const client = await dial();
    expect(await client.call('SET', 'k', 'v')).toBe(reply);
    expect(await client.call('DEL', 'k', 'l')).toBe(reply);
    expect(await client.call('SET', 'k', 'x'.repeat(5000))).toBe(reply);
    expect(await client.call('PING')).toBe('+PONG\r\n');
    expect(objects.stagedCount()).toBe(0);
  });
});
