/** CLIENT LIST, INFO, KILL, UNBLOCK, PAUSE, UNPAUSE: what concerns connections as such, one's own or others'. */
import { integerReply, okReply, type Reply } from '@sion/wire';
import { describeClient } from '../client-line.ts';
import type { ConnectedClient } from '../clients.ts';
import type { Call } from '../command.ts';
import { readInteger, requireInteger } from '../numbers.ts';
import { ReplyError, syntaxError, unfitSubcommand } from '../redis-errors.ts';
import { adminFlags, clientSubcommand } from './client-subcommand.ts';

/** Redis's types; every client here is a normal one. */
const types = ['normal', 'master', 'slave', 'replica', 'pubsub'];

function readType(bytes: Buffer): string {
  const type = bytes.toString('latin1');
  if (!types.includes(type.toLowerCase())) throw new ReplyError(`ERR Unknown client type '${type}'`);
  return type.toLowerCase();
}

function word(bytes: Buffer | undefined): string {
  return bytes?.toString('latin1').toLowerCase() ?? '';
}

function describeAll(clients: readonly ConnectedClient[], { front }: Call): Reply {
  const nowMs = front.clock.monotonicMs();
  return { kind: 'verbatim', text: clients.map((each) => `${describeClient(each, nowMs)}\n`).join('') };
}

export const list = clientSubcommand(
  'list',
  -2,
  'Get the list of client connections',
  '2.4.0',
  (call) => describeAll(readListed(call), call),
  {
    flags: adminFlags,
    complexity: 'O(N) where N is the number of client connections',
    tips: ['nondeterministic_output'],
  },
);

function readListed({ args, front: { clients } }: Call): readonly ConnectedClient[] {
  const [, , option, first] = args;
  if (option === undefined) return clients.all();
  if (args.length === 4 && first !== undefined && word(option) === 'type') {
    return readType(first) === 'normal' ? clients.all() : [];
  }
  if (args.length < 4 || word(option) !== 'id') throw syntaxError();
  return args.slice(3).flatMap((bytes) => {
    const id = readInteger(bytes);
    if (id === undefined) throw new ReplyError('ERR Invalid client ID');
    return clients.get(Number(id)) ?? [];
  });
}

export const info = clientSubcommand(
  'info',
  2,
  'Returns information about the current client connection.',
  '6.2.0',
  (call) => {
    const own = call.front.clients.get(call.client.id);
    return describeAll(own === undefined ? [] : [own], call);
  },
  { tips: ['nondeterministic_output'] },
);

export const kill = clientSubcommand('kill', -3, 'Kill the connection of a client', '2.4.0', killClients, {
  flags: adminFlags,
  complexity: 'O(N) where N is the number of client connections',
});

function killClients(call: Call): Reply {
  const { args, client, front } = call;
  const all = front.clients.all();
  if (args.length === 3) {
    // The old form: one address, one's own included.
    const found = all.filter((each) => each.client.remote === args[2]?.toString('latin1')).slice(0, 1);
    if (front.clients.kill(found, client) === 0) throw new ReplyError('ERR No such client');
    return okReply;
  }
  const filter = readKillFilter(args);
  return integerReply(
    front.clients.kill(
      all.filter((each) => (!filter.skipsSelf || each.client !== client) && filter.tests.every((test) => test(each))),
      client,
    ),
  );
}

interface KillFilter {
  readonly tests: readonly ((each: ConnectedClient) => boolean)[];
  readonly skipsSelf: boolean;
}

/** All that are named must hold; of two of one kind the last, as in Redis. */
function readKillFilter(args: readonly Buffer[]): KillFilter {
  const tests = new Map<string, KillFilter['tests'][number]>();
  let skipsSelf = true;
  for (let at = 2; at < args.length; at += 2) {
    const option = word(args[at]);
    const bytes = args[at + 1];
    if (bytes === undefined) throw syntaxError();
    const value = bytes.toString('latin1');
    if (option === 'id') {
      const id = readInteger(bytes);
      if (id === undefined || id < 1n) throw new ReplyError('ERR client-id should be greater than 0');
      tests.set(option, ({ client }) => client.id === Number(id));
    } else if (option === 'type') {
      const isNormal = readType(bytes) === 'normal';
      tests.set(option, () => isNormal);
    } else if (option === 'addr') {
      tests.set(option, ({ client }) => client.remote === value);
    } else if (option === 'laddr') {
      tests.set(option, ({ client }) => client.local === value);
    } else if (option === 'user') {
      if (value !== 'default') throw new ReplyError(`ERR No such user '${value}'`);
    } else if (option === 'skipme' && ['yes', 'no'].includes(value.toLowerCase())) {
      skipsSelf = value.toLowerCase() === 'yes';
    } else {
      throw syntaxError();
    }
  }
  return { tests: [...tests.values()], skipsSelf };
}

/** No command of SION's blocks, so nobody is ever to be unblocked. */
export const unblock = clientSubcommand(
  'unblock',
  -3,
  'Unblock a client blocked in a blocking command from a different connection',
  '5.0.0',
  ({ args }) => {
    if (args.length > 4) throw unfitSubcommand('client', args[1]);
    if (args.length === 4 && !['timeout', 'error'].includes(word(args[3]))) {
      throw new ReplyError('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
    }
    requireInteger(args[2]);
    return integerReply(0);
  },
  { flags: adminFlags, complexity: 'O(log N) where N is the number of client connections' },
);

export const pause = clientSubcommand(
  'pause',
  -3,
  'Stop processing commands from clients for some time',
  '2.9.50',
  ({ args, front }) => {
    if (args.length > 4) throw unfitSubcommand('client', args[1]);
    const mode = args.length === 4 ? word(args[3]) : 'all';
    if (mode !== 'all' && mode !== 'write') throw new ReplyError('ERR CLIENT PAUSE mode must be WRITE or ALL');
    const timeoutMs = readInteger(args[2]);
    if (timeoutMs === undefined) throw new ReplyError('ERR timeout is not an integer or out of range');
    if (timeoutMs < 0n) throw new ReplyError('ERR timeout is negative');
    front.pause.begin(mode, Number(timeoutMs));
    return okReply;
  },
  { flags: adminFlags },
);

export const unpause = clientSubcommand(
  'unpause',
  2,
  'Resume processing of clients that were paused',
  '6.2.0',
  ({ front }) => {
    front.pause.end();
    return okReply;
  },
  { flags: adminFlags, complexity: 'O(N) Where N is the number of paused clients' },
);
