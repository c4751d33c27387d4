import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { frontNowMs, objectsReading } from '../../../../../tests/doubles/http-front.ts';
import { createManualClock } from '../../../../../tests/doubles/manual-clock.ts';
import { createMemoryObjects } from '../../../../../tests/doubles/memory-objects.ts';
import { encodeCommand } from '../../../../../tests/doubles/resp-client.ts';
import { serveRespInTest } from '../../../../../tests/doubles/resp-front.ts';
import { nextTurn, until } from '../../../../../tests/doubles/turns.ts';
import type { Mutation, ReadOutcome } from '../../objects/objects.ts';

function memory() {
  return createMemoryObjects({ nowMs: () => frontNowMs });
}

/** A value whose bytes differ from place to place. */
function bytesOf(length: number): Buffer {
  return Buffer.from(Uint32Array.from({ length: Math.ceil(length / 4) }, (_, at) => at * 2654435761).buffer).subarray(
    0,
    length,
  );
}

describe('values of any size', () => {
  it.each([0, 1, 1023, 1024, 1025, 70_000, 3_000_000])('gives back %i bytes as they came', async (length) => {
    const { dial } = await serveRespInTest();
    const client = await dial();
    const value = bytesOf(length);
    expect(await client.call('SET', 'k', value)).toBe('+OK\r\n');
    expect(await client.call('STRLEN', 'k')).toBe(`:${length}\r\n`);
    expect(await client.call('GET', 'k')).toBe(`$${length}\r\n${value.toString('latin1')}\r\n`);
    expect(await client.call('MGET', 'no', 'k')).toBe(`*2\r\n$-1\r\n$${length}\r\n${value.toString('latin1')}\r\n`);
  });
});

describe('pipelines', () => {
  it('answers in order, however the answers come', async () => {
    const { dial } = await serveRespInTest();
    const client = await dial();
    const large = bytesOf(50_000);
    const commands = Array.from({ length: 500 }, (_, at) => [
      encodeCommand(['SET', `k${at % 7}`, at % 50 === 0 ? large : `v${at}`]),
      encodeCommand(['GET', `k${at % 7}`]),
      encodeCommand(['PING', String(at)]),
    ]);
    client.send(Buffer.concat(commands.flat()));
    for (let at = 0; at < 500; at += 1) {
      expect(await client.reply()).toBe('+OK\r\n');
      const value = at % 50 === 0 ? large.toString('latin1') : `v${at}`;
      expect(await client.reply()).toBe(`$${value.length}\r\n${value}\r\n`);
      expect(await client.reply()).toBe(`$${String(at).length}\r\n${at}\r\n`);
    }
  });

  it('works on several keys at a time, and on one in the order that was sent', async () => {
    const objects = memory();
    const started: string[] = [];
    const releases: (() => void)[] = [];
    const mutate = async <R>(key: string, mutation: Mutation<R>) => {
      started.push(key);
      const result = objects.mutate(key, mutation);
      await new Promise<void>((resolve) => releases.push(resolve));
      return result;
    };
    const { dial } = await serveRespInTest({ objects: { ...objects, mutate } });
    const client = await dial();
    client.send('SET a 1\r\nSET b 2\r\nINCR a\r\nGET b\r\nSET c 3\r\nECHO sent\r\n');
    // GET of `b` waits for its SET, and what is behind waits for its turn to start.
    await until(() => started.length >= 3);
    expect(started).toEqual(['a', 'b', 'a']);
    for (const release of releases.splice(0)) release();
    expect(await client.reply()).toBe('+OK\r\n');
    expect(await client.reply()).toBe('+OK\r\n');
    expect(await client.reply()).toBe(':2\r\n');
    expect(await client.reply()).toBe('$1\r\n2\r\n');
    await until(() => started.length >= 4);
    for (const release of releases.splice(0)) release();
    expect(await client.reply()).toBe('+OK\r\n');
    expect(await client.reply()).toBe('$4\r\nsent\r\n');
  });

  it('takes no more of a pipeline than its bound, and all of it in the end', async () => {
    const objects = memory();
    let running = 0;
    let most = 0;
    const info = async (key: string) => {
      running += 1;
      most = Math.max(most, running);
      await nextTurn();
      running -= 1;
      return objects.info(key);
    };
    const { dial } = await serveRespInTest({ objects: { ...objects, info }, settings: { pipelineCommands: 10 } });
    const client = await dial();
    const count = 20_000;
    client.send('STRLEN k\r\n'.repeat(count));
    for (let at = 0; at < count; at += 1) expect(await client.reply()).toBe(':0\r\n');
    expect(most).toBe(10);
  });

  it.each([
    ['GETs', 'GET k\r\n'.repeat(5)],
    ['one MGET', `MGET ${'k '.repeat(5)}\r\n`],
  ])('begins the large reads of %s one after the other', async (_, sent) => {
    const sizeBytes = 1_100_000;
    let open = 0;
    let most = 0;
    const { objects } = objectsReading(async function* () {
      yield Buffer.alloc(sizeBytes);
      open -= 1;
    }, sizeBytes);
    const read: typeof objects.read = async (key, options) => {
      open += 1;
      most = Math.max(most, open);
      await nextTurn();
      return objects.read(key, options);
    };
    const settings = { pipelineBytes: 1_200_000 };
    const { dial } = await serveRespInTest({ objects: { ...objects, read, sizeHint: () => sizeBytes }, settings });
    const client = await dial();
    client.send(`${sent}PING\r\n`);
    const replies = sent.startsWith('GET') ? 5 : 1;
    for (let at = 0; at < replies; at += 1) await client.reply();
    expect(await client.reply()).toBe('+PONG\r\n');
    expect(most).toBe(1);
  });

  it('changes the version between two commands, not within one', async () => {
    const { dial } = await serveRespInTest();
    const client = await dial();
    client.send('GET k\r\nHELLO 3\r\nGET k\r\nHELLO 2\r\nGET k\r\n');
    expect(await client.reply()).toBe('$-1\r\n');
    expect(await client.reply()).toMatch(/^%7\r\n/);
    expect(await client.reply()).toBe('_\r\n');
    expect(await client.reply()).toMatch(/^\*14\r\n/);
    expect(await client.reply()).toBe('$-1\r\n');
  });

  it('ends with QUIT, and takes nothing behind it', async () => {
    const { dial, objects } = await serveRespInTest();
    const client = await dial();
    client.send('SET a 1\r\nQUIT\r\nSET b 2\r\n');
    expect(await client.rest()).toBe('+OK\r\n+OK\r\n');
    expect(objects.keys()).toEqual(['a']);
  });
});

describe('a broken grammar', () => {
  it('is answered behind what came before, and closes', async () => {
    const { dial } = await serveRespInTest();
    const client = await dial();
    client.send('SET a 1\r\nGET a\r\n*1\r\nfoo\r\nGET a\r\n');
    expect(await client.rest()).toBe("+OK\r\n$1\r\n1\r\n-ERR Protocol error: expected '$', got 'f'\r\n");
  });

  it('within a streamed command leaves no trace of it', async () => {
    const { dial, objects, server } = await serveRespInTest();
    const client = await dial();
    client.send(
      Buffer.concat([Buffer.from('*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$5000\r\n'), bytesOf(5000), Buffer.from('\r\n!')]),
    );
    expect(await client.rest()).toBe("-ERR Protocol error: expected '$', got '!'\r\n");
    const next = await (async () => {
      const other = await dial();
      return other.call('GET', 'k');
    })();
    expect(next).toBe('$-1\r\n');
    expect(objects.stagedCount()).toBe(0);
    expect(server.connections).toBe(1);
  });
});

describe('a request of HTTP', () => {
  it.each([
    ['POST / HTTP/1.1\r\nContent-Length: 20\r\n\r\nSET k v\r\n', ''],
    [
      'GET / HTTP/1.1\r\nHost: localhost:6380\r\n\r\nSET k v\r\n',
      "-ERR wrong number of arguments for 'get' command\r\n",
    ],
  ])('is told so and takes no effect', async (request, before) => {
    const { dial, objects } = await serveRespInTest();
    const client = await dial();
    client.send(request);
    const refusal = '-ERR this is not the HTTP port: it speaks RESP; use SION_HTTP_PORT\r\n';
    expect(await client.rest()).toBe(`${before}${refusal}`);
    expect(objects.keys()).toEqual([]);
  });
});

describe('limits', () => {
  it('holds for what a client says about itself', async () => {
    const { dial } = await serveRespInTest();
    const client = await dial();
    expect(await client.call('CLIENT', 'SETNAME', 'n'.repeat(1024))).toBe('+OK\r\n');
    expect(await client.call('CLIENT', 'SETINFO', 'lib-name', 'n'.repeat(1025))).toBe(
      '-ERR lib-name cannot be longer than 1024 bytes (1025); shorten it.\r\n',
    );
  });

  it('refuses arguments that may not be kept in memory, and goes on', async () => {
    const { dial } = await serveRespInTest({
      settings: { maxBufferedCommandBytes: 10_000, maxBufferedTotalBytes: 15_000 },
    });
    const client = await dial();
    const refusal =
      "-CAPACITY the arguments of 'mset' need more memory than there is: at most 10000 bytes per command and 15000 over all connections, with 128 more for each argument; use SET, which streams, or retry later\r\n";
    expect(await client.call('MSET', 'a', bytesOf(6000), 'b', bytesOf(6000))).toBe(refusal);
    expect(await client.call('MSET', 'a', bytesOf(6000))).toBe('+OK\r\n');
    expect(await client.call('FOO', bytesOf(20_000))).toBe(
      "-ERR unknown command 'FOO', with args beginning with: \r\n",
    );
    expect(await client.call('GET', 'a', bytesOf(20_000))).toBe("-ERR wrong number of arguments for 'get' command\r\n");
    // Another connection's half-sent argument counts, until that connection is gone.
    const other = await dial();
    other.send(Buffer.concat([Buffer.from('*3\r\n$4\r\nMSET\r\n$1\r\nk\r\n$9000\r\n'), bytesOf(8000)]));
    expect(await client.call('PING')).toBe('+PONG\r\n');
    let reply = '+OK\r\n';
    while (reply === '+OK\r\n') reply = await client.call('MSET', 'a', bytesOf(7000));
    expect(reply).toBe(refusal);
    await other.close();
    while (reply === refusal) reply = await client.call('MSET', 'a', bytesOf(7000));
    expect(reply).toBe('+OK\r\n');
  });

  it('refuses values over the limit before it takes them', async () => {
    const { dial } = await serveRespInTest({ settings: { maxRespValueBytes: 1000 } });
    const client = await dial();
    client.send('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1001\r\n');
    expect(await client.rest()).toBe('-ERR Protocol error: invalid bulk length\r\n');
  });

  it('refuses connections over the limit', async () => {
    const { dial, server } = await serveRespInTest({ settings: { maxRespConnections: 1 } });
    const first = await dial();
    expect(await first.call('PING')).toBe('+PONG\r\n');
    const second = await dial();
    expect(await second.rest()).toBe('-ERR max number of clients reached\r\n');
    expect(await first.call('PING')).toBe('+PONG\r\n');
    expect(server.connections).toBe(1);
  });
});

describe('a stop', () => {
  it('answers what was taken, then closes', async () => {
    const objects = memory();
    let release = () => {};
    const read = async (): Promise<ReadOutcome> => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return { kind: 'miss' };
    };
    const front = await serveRespInTest({ objects: { ...objects, read } });
    const [busy, idle] = [await front.dial(), await front.dial()];
    expect(await idle.call('PING')).toBe('+PONG\r\n');
    busy.send('PING\r\nGET k\r\n');
    expect(await busy.reply()).toBe('+PONG\r\n');
    const closed = front.server.close();
    expect(await idle.rest()).toBe('');
    release();
    expect(await busy.rest()).toBe('$-1\r\n');
    await closed;
    expect(front.server.connections).toBe(0);
  });

  it('lets a value that is arriving finish', async () => {
    const front = await serveRespInTest();
    const client = await front.dial();
    const value = bytesOf(100_000);
    const command = encodeCommand(['SET', 'k', value, 'EX', '10']);
    client.send('PING\r\n');
    client.send(command.subarray(0, 50_000));
    expect(await client.reply()).toBe('+PONG\r\n');
    const closed = front.server.close();
    client.send(Buffer.concat([command.subarray(50_000), encodeCommand(['SET', 'late', 'v'])]));
    expect(await client.rest()).toBe('+OK\r\n');
    await closed;
    expect(front.objects.keys()).toEqual(['k']);
    expect((await front.objects.info('k'))?.expiresAtMs).toBe(frontNowMs + 10_000);
  });

  it('cuts who does not end in time', async () => {
    const clock = createManualClock();
    const front = await serveRespInTest({ clock, settings: { drainMs: 5000 } });
    const client = await front.dial();
    client.send('PING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5000\r\nabc');
    expect(await client.reply()).toBe('+PONG\r\n');
    const timers = clock.pendingTimers();
    const closed = front.server.close();
    await until(() => clock.pendingTimers() !== timers);
    clock.advance(4999);
    expect(front.server.connections).toBe(1);
    clock.advance(1);
    await closed;
    expect(await client.rest()).toBe('');
    expect(front.objects.stagedCount()).toBe(0);
  });
});

describe('a client that goes away', () => {
  it('is forgotten', async () => {
    const { dial, server } = await serveRespInTest();
    const [one, two] = [await dial(), await dial()];
    await Promise.all([one.call('PING'), two.call('PING')]);
    expect(server.connections).toBe(2);
    one.socket.resetAndDestroy();
    await once(one.socket, 'close');
    while (server.connections === 2) await two.call('PING');
    expect(server.connections).toBe(1);
  });
});
