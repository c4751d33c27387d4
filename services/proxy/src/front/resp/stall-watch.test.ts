import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { objectsReading } from '../../../../../tests/doubles/http-front.ts';
import { createManualClock, type ManualClock } from '../../../../../tests/doubles/manual-clock.ts';
import { type RespFront, serveRespInTest } from '../../../../../tests/doubles/resp-front.ts';
import { nextTurn, until } from '../../../../../tests/doubles/turns.ts';
import type { Objects } from '../../objects/objects.ts';

const stallMs = 8000;

async function serve(objects?: Objects): Promise<RespFront & { readonly clock: ManualClock }> {
  const clock = createManualClock();
  const front = await serveRespInTest({ clock, settings: { stallMs }, ...(objects === undefined ? {} : { objects }) });
  return { ...front, clock };
}

/** As often as the watch looks. */
function pass(clock: ManualClock, ms: number): void {
  for (let passedMs = 0; passedMs < ms; passedMs += stallMs / 4) clock.advance(stallMs / 4);
}

const refusal = '-ERR no byte of the command came for 8000 ms; send it again, without such a pause\r\n';

describe('a client that stands still', () => {
  it.each([
    ['a header', '*3\r\n$3\r\nSE'],
    ['a small value', '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\nabc'],
    ['a large value', `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n${'x'.repeat(5000)}`],
    ['the options behind a large value', `*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$5000\r\n${'x'.repeat(5000)}\r\n$2\r\nEX`],
    ['an inline command', 'SET k'],
  ])('within %s is told so, cut, and leaves nothing', async (_, begun) => {
    const { dial, clock, objects, server } = await serve();
    const client = await dial();
    client.send(`PING\r\n${begun}`);
    expect(await client.reply()).toBe('+PONG\r\n');
    pass(clock, 2 * stallMs);
    expect(await client.rest()).toBe(refusal);
    await until(() => server.connections === 0);
    await until(() => objects.stagedCount() === 0);
    expect(objects.keys()).toEqual([]);
  });

  it('between commands may do so for ever', async () => {
    const { dial, clock } = await serve();
    const client = await dial();
    expect(await client.call('PING')).toBe('+PONG\r\n');
    pass(clock, 100 * stallMs);
    expect(await client.call('PING')).toBe('+PONG\r\n');
  });

  it('is not one that goes on within the time, however slowly', async () => {
    const { dial, clock } = await serve();
    const [client, other] = [await dial(), await dial()];
    for (const character of '*1\r\n$4\r\nPIN') {
      client.send(character);
      expect(await other.call('PING')).toBe('+PONG\r\n');
      pass(clock, stallMs / 2);
    }
    client.send('G\r\n');
    expect(await client.reply()).toBe('+PONG\r\n');
  });

  it('is not one that waits for the engine', async () => {
    let answer = () => {};
    const { objects } = objectsReading(async function* () {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      yield Buffer.alloc(5000);
    }, 5000);
    const { dial, clock } = await serve(objects);
    const client = await dial();
    client.send('PING\r\nGET k\r\n');
    expect(await client.reply()).toBe('+PONG\r\n');
    pass(clock, 10 * stallMs);
    answer();
    expect(await client.reply()).toHaveLength('$5000\r\n'.length + 5002);
  });

  it('before answers that it does not read is cut', async () => {
    let givenBytes = 0;
    const { objects, seen } = objectsReading(async function* () {
      for (;;) {
        givenBytes += 100_000;
        yield Buffer.alloc(100_000);
      }
    }, 10 ** 9);
    const { dial, clock, server } = await serve(objects);
    const client = await dial();
    client.socket.pause();
    client.send('GET k\r\n');
    // Once the sockets between are full, nothing moves any more.
    let seenBytes = -1;
    while (givenBytes > seenBytes) {
      seenBytes = givenBytes;
      for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    }
    pass(clock, 2 * stallMs);
    await until(() => server.connections === 0);
    client.socket.resume();
    await once(client.socket, 'close');
    expect(seen.cancels).toBeGreaterThan(0);
  });
});
