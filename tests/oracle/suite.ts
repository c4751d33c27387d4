/**
 * The oracle: SION and redis-server 7.0 are told the same, in both protocol versions, and must answer the same bytes but for
 * the differences that conversations name. One suite for whatever SION is asked: its front alone, or all of it.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RespClient } from '../doubles/resp-client.ts';
import { brokenRequests } from './conversations/broken-requests.ts';
import { conversations } from './conversations/index.ts';
import { installedRedis, type RedisOracle, startRedis } from './redis-server.ts';
import { lead, type OracleServer, show } from './talk.ts';

/** A SION that was opened for the suite. */
export interface OpenedSion extends OracleServer {
  close(): Promise<void>;
}

const installed = installedRedis();
const skipped = installed !== '7.0';
const why = installed === undefined ? 'no redis-server is installed' : `redis-server is ${installed}, not 7.0`;

/** Declares the tests. `runs` = how many cases of each property. */
export function describeOracle(title: string, openSion: () => Promise<OpenedSion>, runs: number): void {
  describe.skipIf(skipped)(`${title} beside redis-server 7.0${skipped ? ` (skipped: ${why})` : ''}`, () => {
    let sion: OpenedSion;
    let redis: RedisOracle;

    beforeAll(async () => {
      [sion, redis] = await Promise.all([openSion(), startRedis()]);
    });
    afterAll(() => Promise.all([sion.close(), redis.close()]));

    describe.each(['2', '3'] as const)('RESP%s', (version) => {
      it.each(Object.entries(conversations))('%s', async (_name, conversation) => {
        await lead(conversation, [sion, redis], version);
      });
    });

    it.each(brokenRequests.map((request) => [request.slice(0, 60), request]))('%j', async (_title, request) => {
      const [ours, theirs] = await dialBoth(sion, redis);
      for (const client of [ours, theirs]) client.send(request);
      expect(show(await ours.rest())).toBe(show(await theirs.rest()));
    });

    it('adds any floats alike', async () => addsFloats(await dialBoth(sion, redis), runs));
    it('reads any inline text alike', async () => readsInline(await dialBoth(sion, redis), redis, runs));
  });
}

async function dialBoth(sion: OracleServer, redis: OracleServer): Promise<readonly [RespClient, RespClient]> {
  return [await sion.dial(), await redis.dial()];
}

async function addsFloats([ours, theirs]: readonly [RespClient, RespClient], runs: number): Promise<void> {
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
    { numRuns: runs },
  );
}

async function readsInline(
  [ours, theirs]: readonly [RespClient, RespClient],
  redis: OracleServer,
  runs: number,
): Promise<void> {
  const token = fc.oneof(
    fc.constantFrom('"', "'", '\\', '\\x4', '\\x41', '\\n', ' ', '\t', '\x0b', 'a', '\xff', '""', "''"),
    fc.string({ maxLength: 3 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(token, { maxLength: 8 }), async (tokens) => {
      const text = tokens.join('').replaceAll(/[\r\n\0]/g, '');
      // Balanced quotes keep the connection: whatever is unbalanced is compared with the broken requests.
      fc.pre(await isBalanced(redis, text));
      for (const client of [ours, theirs]) client.send(Buffer.from(`ECHO ${text}\r\n`, 'latin1'));
      expect(await ours.reply()).toBe(await theirs.reply());
    }),
    { numRuns: runs },
  );
}

async function isBalanced(redis: OracleServer, text: string): Promise<boolean> {
  const probe = await redis.dial();
  probe.send(Buffer.from(`ECHO ${text}\r\n`, 'latin1'));
  const reply = await probe.reply();
  await probe.close();
  return !reply.includes('unbalanced quotes');
}
