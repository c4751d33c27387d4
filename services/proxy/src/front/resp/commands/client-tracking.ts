/**
 * CLIENT TRACKING and what belongs to it. SION sends no invalidations: tracking cannot be switched on, and everything
 * else answers as for a client that has not.
 */
import { arrayReply, bulkReply, integerReply, mapReply, okReply } from '@sion/wire';
import type { Call } from '../command.ts';
import { requireInteger } from '../numbers.ts';
import { ReplyError, syntaxError } from '../redis-errors.ts';
import { clientSubcommand } from './client-subcommand.ts';

const flagOptions = ['bcast', 'optin', 'optout', 'noloop'];

export const tracking = clientSubcommand(
  'tracking',
  -3,
  'Enable or disable server assisted client side caching support',
  '6.0.0',
  (call) => {
    if (!wantsTracking(call)) return okReply;
    throw new ReplyError(
      'ERR CLIENT TRACKING ON is not offered: SION sends no invalidations; read without a cache in the client',
    );
  },
  { complexity: 'O(1). Some options may introduce additional complexity.' },
);

function wantsTracking({ args, front }: Call): boolean {
  for (let at = 3; at < args.length; at += 1) {
    const option = args[at]?.toString('latin1').toLowerCase() ?? '';
    const value = args[at + 1];
    if (flagOptions.includes(option)) continue;
    if (value === undefined || (option !== 'redirect' && option !== 'prefix')) throw syntaxError();
    if (option === 'redirect') requireClient(value, front);
    at += 1;
  }
  const status = args[2]?.toString('latin1').toLowerCase();
  if (status !== 'on' && status !== 'off') throw syntaxError();
  return status === 'on';
}

function requireClient(bytes: Buffer, { clients }: Call['front']): void {
  if (clients.get(Number(requireInteger(bytes))) === undefined) {
    throw new ReplyError('ERR The client ID you want redirect to does not exist');
  }
}

export const trackingInfo = clientSubcommand(
  'trackinginfo',
  2,
  'Return information about server assisted client side caching for the current connection',
  '6.2.0',
  () =>
    mapReply([
      ['flags', { kind: 'set', items: [bulkReply('off')] }],
      ['redirect', integerReply(-1)],
      ['prefixes', arrayReply([])],
    ]),
);

export const getRedirection = clientSubcommand(
  'getredir',
  2,
  'Get tracking notifications redirection client ID if any',
  '6.0.0',
  () => integerReply(-1),
);

export const caching = clientSubcommand(
  'caching',
  3,
  'Instruct the server about tracking or not keys in the next request',
  '6.0.0',
  () => {
    throw new ReplyError(
      'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
    );
  },
);
