/** CLIENT: what a client tells about itself, and asks about its own connection. Nothing here sees other connections. */
import { arrayReply, bulkReply, integerReply, nullReply, okReply, simpleReply } from '@sion/wire';
import { requireClientText } from '../client-text.ts';
import type { Call, Command } from '../command.ts';
import { ReplyError, syntaxError, wrongArity } from '../redis-errors.ts';

const connectionFlags = ['noscript', 'loading', 'stale'] as const;

function subcommand(
  name: string,
  arity: number,
  summary: string,
  since: string,
  run: Command['run'],
  more: Partial<Command> = {},
): Command {
  const fixed = { flags: connectionFlags, group: 'connection', complexity: 'O(1)' } as const;
  return { name: `client|${name}`, arity, summary, since, run, ...fixed, ...more };
}

const getName = subcommand('getname', 2, 'Get the current connection name', '2.6.9', ({ client }) =>
  client.name === '' ? nullReply : bulkReply(client.name),
);

const setName = subcommand('setname', 3, 'Set the current connection name', '2.6.9', ({ client, args }) => {
  client.name = requireClientText(args[2] ?? Buffer.alloc(0), 'Client names');
  return okReply;
});

const id = subcommand('id', 2, 'Returns the client ID for the current connection', '5.0.0', ({ client }) =>
  integerReply(client.id),
);

const info = subcommand(
  'info',
  2,
  'Returns information about the current client connection.',
  '6.2.0',
  (call) => ({ kind: 'verbatim', text: `${describeClient(call)}\n` }),
  { tips: ['nondeterministic_output'] },
);

const setInfo = subcommand('setinfo', 4, 'Set client or connection specific info', '7.2.0', ({ client, args }) => {
  const attribute = args[2]?.toString('latin1') ?? '';
  const value = args[3] ?? Buffer.alloc(0);
  if (attribute.toLowerCase() === 'lib-name') client.libraryName = requireClientText(value, 'lib-name');
  else if (attribute.toLowerCase() === 'lib-ver') client.libraryVersion = requireClientText(value, 'lib-ver');
  else throw new ReplyError(`ERR Unrecognized option '${attribute}'`);
  return okReply;
});

/** SION evicts no client and its reads change no idle times: both are harmless, and say OK. */
function harmlessSwitch(name: string, summary: string, since: string, flags: Command['flags']): Command {
  const run = ({ args }: Call) => {
    if (!['on', 'off'].includes(args[2]?.toString('latin1').toLowerCase() ?? '')) throw syntaxError();
    return okReply;
  };
  return subcommand(name, 3, summary, since, run, { flags });
}

const noEvict = harmlessSwitch('no-evict', 'Set client eviction mode for the current connection', '7.0.0', [
  'admin',
  ...connectionFlags,
]);
const noTouch = harmlessSwitch(
  'no-touch',
  'Controls whether commands sent by the client affect the LRU/LFU of accessed keys',
  '7.2.0',
  connectionFlags,
);

const helpLines = [
  'CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'GETNAME',
  '    Return the name of the current connection.',
  'ID',
  '    Return the ID of the current connection.',
  'INFO',
  '    Return information about the current client connection.',
  'NO-EVICT (ON|OFF)',
  '    Accepted; SION evicts no client.',
  'NO-TOUCH (ON|OFF)',
  '    Accepted; SION keeps no idle times of keys.',
  'SETINFO <option> <value>',
  '    Set client meta attr. Options are LIB-NAME and LIB-VER.',
  'SETNAME <name>',
  '    Assign the name <name> to the current connection.',
  'HELP',
  '    Prints this help.',
];

const help = subcommand(
  'help',
  2,
  'Show helpful text about the different subcommands',
  '5.0.0',
  () => arrayReply(helpLines.map(simpleReply)),
  { flags: ['loading', 'stale'] },
);

/** CLIENT ID | INFO | GETNAME | SETNAME | SETINFO | NO-EVICT | NO-TOUCH | HELP */
export const client: Command = {
  name: 'client',
  arity: -2,
  flags: [],
  group: 'connection',
  summary: 'A container for client connection commands',
  since: '2.4.0',
  complexity: 'Depends on subcommand.',
  subcommands: [id, info, getName, setName, setInfo, noEvict, noTouch, help],
  run: () => {
    throw wrongArity('client');
  },
};

/** The line of CLIENT INFO, as far as SION has what Redis tells there. */
function describeClient({ client, front }: Call): string {
  const nowMs = front.clock.monotonicMs();
  const fields: readonly (readonly [string, string | number])[] = [
    ['id', client.id],
    ['addr', client.remote],
    ['laddr', client.local],
    ['fd', -1],
    ['name', client.name],
    ['age', Math.floor((nowMs - client.connectedMs) / 1000)],
    ['idle', Math.floor((nowMs - client.lastMs) / 1000)],
    ['flags', 'N'],
    ['db', 0],
    ['sub', 0],
    ['psub', 0],
    ['ssub', 0],
    ['multi', -1],
    ['events', 'r'],
    ['cmd', client.lastCommand],
    ['user', 'default'],
    ['redir', -1],
    ['resp', client.version],
    ['lib-name', client.libraryName],
    ['lib-ver', client.libraryVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}
