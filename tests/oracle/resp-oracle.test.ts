/**
 * SION's RESP front beside redis-server 7.0: the same bytes in, the same bytes out, in both protocol versions. Objects
 * are the double in memory: what is compared is the protocol and the meaning of commands, not the engine.
 */
import { systemClock } from '@sion/components';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryObjects } from '../doubles/memory-objects.ts';
import type { RespClient } from '../doubles/resp-client.ts';
import { type RespFront, serveResp } from '../doubles/resp-front.ts';
import { brokenRequests } from './conversations/broken-requests.ts';
import { conversations } from './conversations/index.ts';
import type { OracleLine } from './conversations/line.ts';
import { installedRedis, type RedisOracle, startRedis } from './redis-server.ts';

const installed = installedRedis();
const why = installed === undefined ? 'no redis-server is installed' : `redis-server is ${installed}, not 7.0`;
const skipped = installed !== '7.0';

describe.skipIf(skipped)(`the RESP front beside redis-server 7.0${skipped ? ` (skipped: ${why})` : ''}`, () => {
  let front: RespFront;
  let redis: RedisOracle;

  beforeAll(async () => {
    const objects = createMemoryObjects({ nowMs: () => systemClock.wallMs() });
    [front, redis] = await Promise.all([
      serveResp({ objects, settings: { maxRespValueBytes: 512 * 1024 * 1024 } }),
      startRedis(),
    ]);
  });

  afterAll(() => Promise.all([front.close(), redis.close()]));

  async function both(version: '2' | '3'): Promise<readonly [RespClient, RespClient]> {
    const clients = [await front.dial(), await redis.dial()] as const;
    for (const client of clients) await client.call('HELLO', version);
    return clients;
  }

  describe.each(['2', '3'] as const)('RESP%s', (version) => {
    it.each(Object.keys(conversations))('%s', async (name) => {
      const [ours, theirs] = await both(version);
      await Promise.all([ours.call('DEL', ...keysOf(name)), theirs.call('DEL', ...keysOf(name))]);
      for (const each of conversations[name] ?? []) {
        const line = typeof each === 'string' ? each : each.line;
        for (const client of [ours, theirs]) client.send(`${line}\r\n`);
        const [our, their] = [await ours.reply(), await theirs.reply()];
        if (isNear(each, our, their)) continue;
        if (typeof each !== 'string' && 'difference' in each) {
          expect(`${line} => ${show(our)}`, `${each.difference}: not any more`).not.toBe(`${line} => ${show(their)}`);
          continue;
        }
        expect(`${line} => ${show(comparable(each, our))}`).toBe(`${line} => ${show(comparable(each, their))}`);
      }
    });
  });

  it.each(brokenRequests.map((request) => [request.slice(0, 60), request]))('%j', async (_title, request) => {
    const [ours, theirs] = await both('2');
    for (const client of [ours, theirs]) client.send(request);
    expect(show(await ours.rest())).toBe(show(await theirs.rest()));
  });

  it('adds any floats alike', async () => {
    const [ours, theirs] = await both('2');
    const digits = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n });
    const decimal = fc.oneof(
      fc.tuple(digits, fc.integer({ min: -30, max: 10 })).map(([mantissa, exponent]) => `${mantissa}e${exponent}`),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e20, max: 1e20 }).map(String),
      fc.integer().map((value) => `${value / 100}`),
    );
    await fc.assert(
      fc.asyncProperty(decimal, decimal, async (a, b) => {
        const replies: string[] = [];
        for (const client of [ours, theirs]) {
          await client.call('SET', 'float', a);
          replies.push(await client.call('INCRBYFLOAT', 'float', b));
        }
        expect(replies[0]).toBe(replies[1]);
      }),
      { numRuns: 1000 },
    );
  });

  it('reads any inline text alike', async () => {
    const [ours, theirs] = await both('2');
    const token = fc.oneof(
      fc.constantFrom('"', "'", '\\', '\\x4', '\\x41', '\\n', ' ', '\t', '\x0b', 'a', '\xff', '""', "''"),
      fc.string({ maxLength: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(token, { maxLength: 8 }), async (tokens) => {
        const text = tokens.join('').replaceAll(/[\r\n\0]/g, '');
        // Balanced quotes keep the connection: whatever is unbalanced is compared with the broken requests.
        fc.pre(await isBalanced(text));
        for (const client of [ours, theirs]) client.send(Buffer.from(`ECHO ${text}\r\n`, 'latin1'));
        expect(await ours.reply()).toBe(await theirs.reply());
      }),
      { numRuns: 500 },
    );
  });

  async function isBalanced(text: string): Promise<boolean> {
    const probe = await redis.dial();
    probe.send(Buffer.from(`ECHO ${text}\r\n`, 'latin1'));
    const reply = await probe.reply();
    await probe.close();
    return !reply.includes('unbalanced quotes');
  }
});

/** The keys that a conversation uses, to begin without them. */
function keysOf(name: string): readonly string[] {
  const lines = (conversations[name] ?? []).map((each) => (typeof each === 'string' ? each : each.line));
  const keys = lines.flatMap((line) => line.split(' ').filter((word) => /^[a-z]+:[a-z]+$/.test(word)));
  return ['', ...new Set(keys)];
}

/** Whether both are integers, as near to each other as the line asks. */
function isNear(line: OracleLine, our: string, their: string): boolean {
  if (typeof line === 'string' || 'difference' in line || line.compare === 'kind') return false;
  return (
    our[0] === ':' && their[0] === ':' && Math.abs(Number(our.slice(1)) - Number(their.slice(1))) <= line.compare.within
  );
}

/** What of a reply is compared as text. */
function comparable(line: OracleLine, reply: string): string {
  return typeof line !== 'string' && 'compare' in line && line.compare === 'kind' ? (reply[0] ?? '') : reply;
}

function show(text: string): string {
  return JSON.stringify(text);
}
