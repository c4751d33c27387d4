/** Bad input that takes much of a machine: ten thousand connections, a million commands, a gibibyte. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCommand } from '../doubles/resp-client.ts';
import { until } from '../doubles/turns.ts';
import { getLarge, putLarge } from '../large/large-run.ts';
import { BadInputBench } from './bench.ts';
import { titleOf } from './table.ts';

const mib = 1024 * 1024;
const connections = 10_000;

/** Files that this process, and so the proxy that it starts, may have open. */
const openFiles = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);

describe('much at once', { timeout: 600_000 }, () => {
  let bench: BadInputBench;

  beforeAll(async () => {
    bench = await BadInputBench.start();
  }, 60_000);

  afterAll(() => bench?.stop(), 60_000);

  async function dialMany(count: number): Promise<readonly Socket[]> {
    const sockets: Socket[] = [];
    while (sockets.length < count) {
      const batch = Array.from({ length: Math.min(200, count - sockets.length) }, async () => {
        const socket = connect(bench.respPort, '127.0.0.1');
        socket.on('error', () => {});
        await once(socket, 'connect');
        return socket;
      });
      sockets.push(...(await Promise.all(batch)));
    }
    return sockets;
  }

  const canHold = openFiles > connections + 500;

  it.skipIf(!canHold)(
    `${titleOf('ten thousand idle connections')}${canHold ? '' : ` (only ${openFiles} files may be open)`}`,
    () =>
      bench.survives(
        'k',
        async () => {
          // The bystander's own is one of them.
          const sockets = await dialMany(connections - 1);
          await until(async () => (await bench.sion.status()).connections.resp === connections);
          await bench.bystand();
          for (const socket of sockets) socket.destroy();
        },
        { peakMib: 400, keptMib: 400 },
      ),
  );

  it.skipIf(!canHold)(titleOf('one connection more than are allowed'), () =>
    bench.survives(
      'k',
      async () => {
        const sockets = await dialMany(connections - 1);
        await until(async () => (await bench.sion.status()).connections.resp === connections);
        const client = await bench.dial();
        expect(await client.rest()).toBe('-ERR max number of clients reached\r\n');
        await bench.bystand();
        for (const socket of sockets) socket.destroy();
      },
      { peakMib: 400, keptMib: 400 },
    ),
  );

  it(titleOf('a pipeline of a million commands'), () =>
    bench.survives('counter', async () => {
      const socket = connect(bench.respPort, '127.0.0.1');
      await once(socket, 'connect');
      let lines = 0;
      let last = '';
      socket.on('data', (piece: Buffer) => {
        for (const byte of piece) if (byte === 0x0a) lines++;
        last = (last + piece.toString('latin1')).slice(-20);
      });
      const thousand = Buffer.concat(Array.from({ length: 1000 }, () => encodeCommand(['EXISTS', 'counter'])));
      for (let round = 0; round < 1000; round++) if (!socket.write(thousand)) await once(socket, 'drain');
      await until(() => lines === 1_000_000);
      expect(last.endsWith(':0\r\n')).toBe(true);
      socket.destroy();
    }),
  );

  it(titleOf('ten reads of 100 MiB that nobody reads'), async () => {
    const writer = bench.sion.redis();
    expect(await writer.set('large', Buffer.alloc(100 * mib, 'l'))).toBe('OK');
    writer.disconnect();
    await bench.survives('large', async () => {
      const client = await bench.dial();
      client.socket.pause();
      for (let read = 0; read < 10; read++) client.send(encodeCommand(['GET', 'large']));
      await until(async () => (await bench.sion.status()).connections.resp > 1);
      await until(async () => (await bench.sion.status()).connections.resp <= 1);
      client.socket.destroy();
    });
  });

  it(titleOf('a gibibyte that is streamed'), () =>
    bench.survives('large', async () => {
      await putLarge({ url: bench.sion.httpUrl, key: 'large' }, 1024 * mib);
      await getLarge({ url: bench.sion.httpUrl, key: 'large' }, 1024 * mib);
    }),
  );
});
