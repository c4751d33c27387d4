/** CLIENT: what a client tells about itself and asks about connections. */
import { arrayReply, bulkReply, integerReply, nullReply, okReply, simpleReply } from '@sion/wire';
import { requireClientText } from '../client-text.ts';
import type { Call, Command } from '../command.ts';
import { ReplyError, syntaxError, wrongArity } from '../redis-errors.ts';
import { info, kill, list, pause, unblock, unpause } from './client-others.ts';
import { adminFlags, clientSubcommand } from './client-subcommand.ts';
import { caching, getRedirection, tracking, trackingInfo } from './client-tracking.ts';

const getName = clientSubcommand('getname', 2, 'Get the current connection name', '2.6.9', ({ client }) =>
  client.name === '' ? nullReply : bulkReply(client.name),
);

const setName = clientSubcommand('setname', 3, 'Set the current connection name', '2.6.9', ({ client, args }) => {
  client.name = requireClientText(args[2] ?? Buffer.alloc(0), 'Client names');
  return okReply;
});

const id = clientSubcommand('id', 2, 'Returns the client ID for the current connection', '5.0.0', ({ client }) =>
  integerReply(client.id),
);

const setInfo = clientSubcommand(
  'setinfo',
  4,
  'Set client or connection specific info',
  '7.2.0',
  ({ client, args }) => {
    const attribute = args[2]?.toString('latin1') ?? '';
    const value = args[3] ?? Buffer.alloc(0);
    if (attribute.toLowerCase() === 'lib-name') client.libraryName = requireClientText(value, 'lib-name');
    else if (attribute.toLowerCase() === 'lib-ver') client.libraryVersion = requireClientText(value, 'lib-ver');
    else throw new ReplyError(`ERR Unrecognized option '${attribute}'`);
    return okReply;
  },
);

const reply = clientSubcommand(
  'reply',
  3,
  'Instruct the server whether to reply to commands',
  '3.2.0',
  ({ client, args }) => {
    const mode = args[2]?.toString('latin1').toLowerCase();
    if (mode !== 'on' && mode !== 'off' && mode !== 'skip') throw syntaxError();
    client.replies.set(mode);
    return okReply;
  },
);

function readSwitch({ args }: Call): boolean {
  const state = args[2]?.toString('latin1').toLowerCase();
  if (state !== 'on' && state !== 'off') throw syntaxError();
  return state === 'on';
}

const noEvict = clientSubcommand(
  'no-evict',
  3,
  'Set client eviction mode for the current connection',
  '7.0.0',
  (call) => {
    call.client.noEvict = readSwitch(call);
    return okReply;
  },
  { flags: adminFlags },
);

const noTouch = clientSubcommand(
  'no-touch',
  3,
  'Controls whether commands sent by the client affect the LRU/LFU of accessed keys',
  '7.2.0',
  (call) => {
    call.client.noTouch = readSwitch(call);
    return okReply;
  },
);

const helpLines = [
  'CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'CACHING (YES|NO)',
  '    Refused: there is no tracking.',
  'GETREDIR',
  '    Return -1: there is no tracking.',
  'GETNAME',
  '    Return the name of the current connection.',
  'ID',
  '    Return the ID of the current connection.',
  'INFO',
  '    Return information about the current client connection.',
  'KILL <ip:port>',
  '    Kill connection made from <ip:port>.',
  'KILL <option> <value> [<option> <value> [...]]',
  '    Kill connections. Options are:',
  '    * ADDR <ip:port>',
  '      Kill connections made from the specified address',
  '    * LADDR <ip:port>',
  '      Kill connections made to specified local address',
  '    * ID <id>',
  '      Kill the connection of the specified client',
  '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
  '      Kill connections by type; all are NORMAL.',
  '    * USER <username>',
  '      Kill connections authenticated by <username>; all are of default.',
  '    * SKIPME (YES|NO)',
  '      Skip killing current connection (default: yes).',
  'LIST [options ...]',
  '    Return information about client connections. Options:',
  '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
  '      Return clients of specified type; all are NORMAL.',
  '    * ID <id> [<id> ...]',
  '      Return the specified clients.',
  'UNPAUSE',
  '    Stop the current client pause, resuming traffic.',
  'PAUSE <timeout> [WRITE|ALL]',
  '    Suspend all, or just write, clients for <timeout> milliseconds.',
  'REPLY (ON|OFF|SKIP)',
  '    Control the replies sent to the current connection.',
  'SETINFO <option> <value>',
  '    Set client meta attr. Options are LIB-NAME and LIB-VER.',
  'SETNAME <name>',
  '    Assign the name <name> to the current connection.',
  'UNBLOCK <clientid> [TIMEOUT|ERROR]',
  '    Return 0: no command blocks.',
  'TRACKING (ON|OFF)',
  '    ON is refused: SION sends no invalidations.',
  'TRACKINGINFO',
  '    Report tracking status for the current connection.',
  'NO-EVICT (ON|OFF)',
  '    Accepted; SION evicts no client.',
  'NO-TOUCH (ON|OFF)',
  '    Accepted; SION keeps no idle times of keys.',
  'HELP',
  '    Prints this help.',
];

const help = clientSubcommand(
  'help',
  2,
  'Show helpful text about the different subcommands',
  '5.0.0',
  () => arrayReply(helpLines.map(simpleReply)),
  { flags: ['loading', 'stale'] },
);

/** CLIENT, with its subcommands. */
export const client: Command = {
  name: 'client',
  arity: -2,
  flags: [],
  group: 'connection',
  summary: 'A container for client connection commands',
  since: '2.4.0',
  complexity: 'Depends on subcommand.',
  subcommands: [
    ...[id, info, getName, setName, setInfo, noEvict, noTouch, reply, help],
    ...[list, kill, unblock, pause, unpause],
    ...[tracking, trackingInfo, getRedirection, caching],
  ],
  run: () => {
    throw wrongArity('client');
  },
};
