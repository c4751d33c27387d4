/** Whatever bytes a client sends, in whatever parts: the front answers or closes, keeps nothing, and serves the others. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeCommand, type RespClient } from '../../../../../tests/doubles/resp-client.ts';
import { type RespFront, serveResp } from '../../../../../tests/doubles/resp-front.ts';

let front: RespFront;
let other: RespClient;

beforeAll(async () => {
  front = await serveResp({ settings: { maxBufferedCommandBytes: 10_000, pipelineCommands: 4, maxUnsentBytes: 1 } });
  other = await front.dial();
});

afterAll(() => front.close());

const names = [
  'GET',
  'SET',
  'MGET',
  'MSET',
  'DEL',
  'INCR',
  'INCRBYFLOAT',
  'EXPIRE',
  'TTL',
  'STRLEN',
  'HELLO',
  'CLIENT',
];
const words = [
  'a',
  'b',
  'EX',
  'PX',
  'NX',
  'XX',
  'GET',
  'KEEPTTL',
  '10',
  '-1',
  '3',
  'inf',
  'INFO',
  'x'.repeat(2000),
  '',
];
const command = fc
  .tuple(
    fc.constantFrom(...names, 'COMMAND', 'CONFIG', 'SELECT', 'RESET', 'SION', 'INFO', 'PING', 'FOO'),
    fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 5 }),
  )
  .map(([name, args]) => encodeCommand([name, ...args.map((argument) => Buffer.from(argument))]).toString('latin1'));
const garbage = fc.oneof(
  fc.constantFrom(
    '*',
    '$',
    '\r\n',
    '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5000\r\nxx',
    '-1',
    '"',
    'PING\r\n',
    '*1\r\n$99999\r\n',
  ),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
// Mostly commands: garbage soon ends a conversation.
const text = fc
  .tuple(fc.array(command, { maxLength: 12 }), fc.array(garbage, { maxLength: 4 }))
  .map(([commands, end]) => commands.join('') + end.join(''));

it('survives any bytes', async () => {
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
      async (sent, cuts) => {
        const client = await front.dial();
        const bytes = Buffer.from(sent, 'latin1');
        const ends = [...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b), bytes.length];
        let start = 0;
        for (const end of ends) {
          client.send(bytes.subarray(start, end));
          // Another client's answer in between: the parts arrive apart, and nobody else is held up.
          expect(await other.call('PING')).toBe('+PONG\r\n');
          start = end;
        }
        await client.close();
        while (front.server.connections > 1) expect(await other.call('PING')).toBe('+PONG\r\n');
      },
    ),
    { numRuns: 300 },
  );
  expect(front.objects.stagedCount()).toBe(0);
  expect(await other.call('SET', 'a', 'fine')).toBe('+OK\r\n');
  expect(await other.call('GET', 'a')).toBe('$4\r\nfine\r\n');
});
