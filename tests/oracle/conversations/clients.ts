/** CLIENT on connections, one's own and a second one: LIST, INFO, KILL, UNBLOCK, PAUSE. */
import { type Conversation, differs, fields, kind, last } from './line.ts';

const known = ['id', 'addr', 'laddr', 'name', 'flags', 'db', 'sub', 'psub', 'ssub', 'multi', 'events', 'user', 'redir'];
const alike = known.filter((name) => !['id', 'addr', 'laddr'].includes(name)).concat('resp', 'cmd');
const memory = 'ids, addresses and memory are each server’s own';
const notRedis = 'not in Redis: how this connection’s writes are acknowledged';
const others = 'how many others are connected';

/** SION's own. */
export const sion: Conversation = [
  differs('SION DURABILITY store', notRedis),
  differs('SION DURABILITY', notRedis),
  differs('SION HELP', notRedis),
  differs('SION HELP x', notRedis),
  differs('SION', notRedis),
];

export const clients: Conversation = [
  fields('CLIENT INFO', alike, memory),
  'CLIENT SETNAME me',
  'CLIENT NO-EVICT on',
  fields('CLIENT INFO', alike, memory),
  'CLIENT NO-EVICT off',
  { other: 'CLIENT SETNAME friend' },
  fields('CLIENT LIST ID {id} {other.id}', alike, memory),
  fields('CLIENT LIST ID {other.id} {id} {id}', alike, memory),
  kind('CLIENT LIST', others),
  kind('CLIENT LIST TYPE normal', others),
  kind('CLIENT LIST TYPE NORMAL', others),
  'CLIENT LIST TYPE master',
  'CLIENT LIST TYPE replica',
  'CLIENT LIST TYPE slave',
  'CLIENT LIST TYPE pubsub',
  'CLIENT LIST TYPE foo',
  'CLIENT LIST TYPE',
  'CLIENT LIST TYPE normal ID 1',
  'CLIENT LIST ID',
  'CLIENT LIST ID x',
  'CLIENT LIST ID 0',
  'CLIENT LIST ID -1 999999999',
  'CLIENT LIST FOO',
  'CLIENT KILL',
  'CLIENT KILL 1.2.3.4:5',
  'CLIENT KILL ID 0',
  'CLIENT KILL ID x',
  'CLIENT KILL ID 999999999',
  'CLIENT KILL ID {id}',
  'CLIENT KILL ID {id} SKIPME yes',
  'CLIENT KILL TYPE foo',
  'CLIENT KILL TYPE pubsub',
  'CLIENT KILL TYPE master ID {other.id}',
  'CLIENT KILL TYPE replica',
  'CLIENT KILL TYPE slave',
  'CLIENT KILL TYPE normal SKIPME maybe',
  'CLIENT KILL USER bob',
  'CLIENT KILL ADDR 1.2.3.4:5',
  'CLIENT KILL LADDR 1.2.3.4:5 USER default',
  'CLIENT KILL FOO bar',
  'CLIENT KILL ID 1 LADDR',
  { other: 'PING' },
  'CLIENT KILL ID {other.id} TYPE normal USER default ADDR {other.addr} LADDR {other.laddr} SKIPME yes',
  { other: 'PING', isClosed: true },
  'CLIENT KILL ID {other.id}',
  'CLIENT KILL {other.addr}',
  'CLIENT UNBLOCK x',
  'CLIENT UNBLOCK 999999999',
  'CLIENT UNBLOCK {id}',
  'CLIENT UNBLOCK 999999999 TIMEOUT',
  'CLIENT UNBLOCK 999999999 ERROR',
  'CLIENT UNBLOCK 999999999 FOO',
  'CLIENT UNBLOCK 1 ERROR x',
  'CLIENT UNBLOCK',
  'CLIENT PAUSE x',
  'CLIENT PAUSE -1',
  'CLIENT PAUSE 1 FOO',
  'CLIENT PAUSE 1 ALL x',
  'CLIENT PAUSE',
  'CLIENT PAUSE 100000 WRITE',
  'GET clients:k',
  'CLIENT UNPAUSE',
  'SET clients:k v',
  'CLIENT PAUSE 1 WRITE',
  'SET clients:k v2',
  'CLIENT PAUSE 1 ALL',
  'GET clients:k',
  'CLIENT PAUSE 0',
  'GET clients:k',
  'CLIENT UNPAUSE',
  'CLIENT UNPAUSE x',
  differs('CLIENT HELP', 'HELP tells of what SION has'),
  'CLIENT HELP x',
  'CLIENT INFO x',
  last('CLIENT KILL ID {id} SKIPME no'),
];

/** The old form, which may end one's own connection. */
export const oldKill: Conversation = [
  'CLIENT KILL {other.addr}',
  { other: 'PING', isClosed: true },
  last('CLIENT KILL {addr}'),
];

const invalidations = 'ON is refused: SION sends no invalidations';

/** CLIENT TRACKING and what belongs to it. */
export const tracking: Conversation = [
  'CLIENT TRACKING OFF',
  'CLIENT TRACKING off BCAST NOLOOP PREFIX a REDIRECT {id}',
  'CLIENT TRACKING off OPTIN',
  'CLIENT TRACKING off OPTOUT',
  'CLIENT TRACKING OFF REDIRECT x',
  'CLIENT TRACKING OFF REDIRECT 999999999',
  'CLIENT TRACKING OFF REDIRECT',
  'CLIENT TRACKING FOO',
  'CLIENT TRACKING ON FOO',
  'CLIENT TRACKING',
  differs('CLIENT TRACKING ON', invalidations),
  'CLIENT TRACKING OFF',
  'CLIENT TRACKINGINFO',
  'CLIENT TRACKINGINFO x',
  'CLIENT GETREDIR',
  'CLIENT GETREDIR x',
  'CLIENT CACHING YES',
  'CLIENT CACHING NO',
  'CLIENT CACHING x',
  'CLIENT CACHING',
];

const newer = 'of Redis 7.2';

/** What clients of newer servers send at connection. */
export const newerClients: Conversation = [
  differs('CLIENT SETINFO lib-name me', newer),
  differs('CLIENT SETINFO LIB-VER 1', newer),
  differs('CLIENT NO-TOUCH ON', newer),
  differs('CLIENT NO-TOUCH OFF', newer),
  differs('CLIENT NO-TOUCH', newer),
  differs('CLIENT SETINFO lib-name', newer),
];
