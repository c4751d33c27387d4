/** GETs that the hot tier answers at once: clients see what they see of all others. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMemoryObjects } from '../../../../../tests/doubles/memory-objects.ts';
import { encodeCommand } from '../../../../../tests/doubles/resp-client.ts';
import { serveRespInTest } from '../../../../../tests/doubles/resp-front.ts';

const keys = fc.constantFrom('hot', 'hot:too', 'cold');
const commands = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('GET', 'get', 'gEt'), keys) },
  fc.tuple(fc.constant('SET'), keys, fc.string({ maxLength: 8 })),
  fc.tuple(fc.constant('APPEND'), keys, fc.string({ maxLength: 8 })),
  fc.tuple(fc.constant('DEL'), keys),
  fc.tuple(fc.constant('MGET'), keys, keys),
  fc.tuple(fc.constant('CLIENT'), fc.constant('REPLY'), fc.constantFrom('ON', 'OFF', 'SKIP')),
  fc.tuple(fc.constant('GET'), fc.constant('k'.repeat(2000))),
  fc.tuple(fc.constant('GET'), fc.constant('')),
);

/** What a client gets that sends the bytes in parts which end at `cuts`. */
async function answersTo(bytes: Buffer, cuts: readonly number[], isHot: boolean): Promise<string> {
  const objects = createMemoryObjects({ nowMs: () => 1, isHot: (key) => isHot && key.startsWith('hot') });
  const { dial } = await serveRespInTest({ objects });
  const client = await dial();
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    client.send(bytes.subarray(start, end));
    start = end;
  }
  return await client.rest();
}

it('are answered as those that are not', { timeout: 60_000 }, async () => {
  const sent = fc.array(commands, { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(sent, fc.array(fc.nat(600), { maxLength: 4 }), async (list, places) => {
      const bytes = Buffer.concat([...list, ['CLIENT', 'REPLY', 'ON'], ['QUIT']].map(encodeCommand));
      const cuts = places.filter((place) => place < bytes.length).sort((a, b) => a - b);
      expect(await answersTo(bytes, cuts, true)).toBe(await answersTo(bytes, cuts, false));
    }),
    { numRuns: 60 },
  );
});

it('count as commands, and wait while commands are paused', async () => {
  const objects = createMemoryObjects({ nowMs: () => 1, isHot: () => true });
  const { dial, server } = await serveRespInTest({ objects });
  const client = await dial();
  await client.call('SET', 'k', 'v');
  expect(await client.call('GET', 'k')).toBe('$1\r\nv\r\n');
  expect(await client.call('INFO', 'commandstats')).toContain('cmdstat_get:calls=1,');
  client.send(
    Buffer.concat(
      [
        ['CLIENT', 'PAUSE', '100000000', 'ALL'],
        ['GET', 'k'],
      ].map(encodeCommand),
    ),
  );
  expect(await client.reply()).toBe('+OK\r\n');
  // The pause ends with the server.
  const closed = server.close();
  expect(await client.rest()).toBe('$1\r\nv\r\n');
  await closed;
});
