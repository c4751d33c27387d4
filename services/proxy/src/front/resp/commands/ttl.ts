import { integerReply } from '@sion/wire';
import type { Call, Command } from '../command.ts';

/** PTTL key: milliseconds to live, −1 without an expiry, −2 without an object. */
export const pttl: Command = {
  name: 'pttl',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1, flags: ['RO', 'access'] },
  group: 'generic',
  summary: 'Get the time to live for a key in milliseconds',
  since: '2.6.0',
  complexity: 'O(1)',
  tips: ['nondeterministic_output'],
  run: async (call) => integerReply(await leftMs(call)),
};

/** TTL key: seconds to live, rounded. */
export const ttl: Command = {
  ...pttl,
  name: 'ttl',
  summary: 'Get the time to live for a key in seconds',
  since: '1.0.0',
  async run(call) {
    const ms = await leftMs(call);
    return integerReply(ms < 0 ? ms : Math.floor((ms + 500) / 1000));
  },
};

async function leftMs({ keys: [key = ''], front: { objects } }: Call): Promise<number> {
  const info = await objects.info(key);
  if (info === undefined) return -2;
  return info.expiresAtMs === undefined ? -1 : Math.max(0, info.expiresAtMs - objects.nowMs());
}
