/** What COMMAND DOCS tells of commands on keys beside what they say themselves, as in Redis 7.0. */
import { argument, type CommandDocument } from './argument.ts';

/** Of the commands that set an expiry: they differ in how its time is given. */
function documentExpiry(time: string, type: 'integer' | 'unix-time'): CommandDocument {
  const conditions = ['nx', 'xx', 'gt', 'lt'];
  return {
    history: [['7.0.0', 'Added options: `NX`, `XX`, `GT` and `LT`.']],
    arguments: [
      argument('key', 'key'),
      argument(time, type),
      argument('condition', 'oneof', {
        since: '7.0.0',
        flags: ['optional'],
        arguments: conditions.map((name) => argument(name, 'pure-token', { token: name.toUpperCase() })),
      }),
    ],
  };
}

/** By full name. */
export const genericDocuments: Readonly<Record<string, CommandDocument>> = {
  copy: {
    arguments: [
      argument('source', 'key'),
      argument('destination', 'key', { keySpecIndex: 1 }),
      argument('destination-db', 'integer', { token: 'DB', flags: ['optional'] }),
      argument('replace', 'pure-token', { token: 'REPLACE', flags: ['optional'] }),
    ],
  },
  del: { arguments: [argument('key', 'key', { flags: ['multiple'] })] },
  exists: {
    history: [['3.0.3', 'Accepts multiple `key` arguments.']],
    arguments: [argument('key', 'key', { flags: ['multiple'] })],
  },
  expire: documentExpiry('seconds', 'integer'),
  expireat: documentExpiry('unix-time-seconds', 'unix-time'),
  expiretime: { arguments: [argument('key', 'key')] },
  keys: { arguments: [argument('pattern', 'pattern')] },
  'object|encoding': { arguments: [argument('key', 'key')] },
  'object|freq': { arguments: [argument('key', 'key')] },
  'object|idletime': { arguments: [argument('key', 'key')] },
  'object|refcount': { arguments: [argument('key', 'key')] },
  persist: { arguments: [argument('key', 'key')] },
  pexpire: documentExpiry('milliseconds', 'integer'),
  pexpireat: documentExpiry('unix-time-milliseconds', 'unix-time'),
  pexpiretime: { arguments: [argument('key', 'key')] },
  pttl: { history: [['2.8.0', 'Added the -2 reply.']], arguments: [argument('key', 'key')] },
  rename: { arguments: [argument('key', 'key'), argument('newkey', 'key', { keySpecIndex: 1 })] },
  renamenx: {
    history: [['3.2.0', 'The command no longer returns an error when source and destination names are the same.']],
    arguments: [argument('key', 'key'), argument('newkey', 'key', { keySpecIndex: 1 })],
  },
  scan: {
    history: [['6.0.0', 'Added the `TYPE` subcommand.']],
    arguments: [
      argument('cursor', 'integer'),
      argument('pattern', 'pattern', { token: 'MATCH', flags: ['optional'] }),
      argument('count', 'integer', { token: 'COUNT', flags: ['optional'] }),
      argument('type', 'string', { token: 'TYPE', since: '6.0.0', flags: ['optional'] }),
    ],
  },
  touch: { arguments: [argument('key', 'key', { flags: ['multiple'] })] },
  ttl: { history: [['2.8.0', 'Added the -2 reply.']], arguments: [argument('key', 'key')] },
  type: { arguments: [argument('key', 'key')] },
  unlink: { arguments: [argument('key', 'key', { flags: ['multiple'] })] },
  wait: { arguments: [argument('numreplicas', 'integer'), argument('timeout', 'integer')] },
};
