/** What COMMAND DOCS tells of commands on strings beside what they say themselves, as in Redis 7.0. */
import { argument, type CommandDocument } from './argument.ts';

/** By full name. */
export const stringDocuments: Readonly<Record<string, CommandDocument>> = {
  append: { arguments: [argument('key', 'key'), argument('value', 'string')] },
  decr: { arguments: [argument('key', 'key')] },
  decrby: { arguments: [argument('key', 'key'), argument('decrement', 'integer')] },
  get: { arguments: [argument('key', 'key')] },
  getdel: { arguments: [argument('key', 'key')] },
  getex: {
    arguments: [
      argument('key', 'key'),
      argument('expiration', 'oneof', {
        flags: ['optional'],
        arguments: [
          argument('seconds', 'integer', { token: 'EX' }),
          argument('milliseconds', 'integer', { token: 'PX' }),
          argument('unix-time-seconds', 'unix-time', { token: 'EXAT' }),
          argument('unix-time-milliseconds', 'unix-time', { token: 'PXAT' }),
          argument('persist', 'pure-token', { token: 'PERSIST' }),
        ],
      }),
    ],
  },
  getrange: { arguments: [argument('key', 'key'), argument('start', 'integer'), argument('end', 'integer')] },
  getset: {
    docFlags: ['deprecated'],
    deprecatedSince: '6.2.0',
    replacedBy: '`SET` with the `!GET` argument',
    arguments: [argument('key', 'key'), argument('value', 'string')],
  },
  incr: { arguments: [argument('key', 'key')] },
  incrby: { arguments: [argument('key', 'key'), argument('increment', 'integer')] },
  incrbyfloat: { arguments: [argument('key', 'key'), argument('increment', 'double')] },
  mget: { arguments: [argument('key', 'key', { flags: ['multiple'] })] },
  mset: {
    arguments: [
      argument('key_value', 'block', {
        flags: ['multiple'],
        arguments: [argument('key', 'key'), argument('value', 'string')],
      }),
    ],
  },
  msetnx: {
    arguments: [
      argument('key_value', 'block', {
        flags: ['multiple'],
        arguments: [argument('key', 'key'), argument('value', 'string')],
      }),
    ],
  },
  psetex: { arguments: [argument('key', 'key'), argument('milliseconds', 'integer'), argument('value', 'string')] },
  set: {
    history: [
      ['2.6.12', 'Added the `EX`, `PX`, `NX` and `XX` options.'],
      ['6.0.0', 'Added the `KEEPTTL` option.'],
      ['6.2.0', 'Added the `GET`, `EXAT` and `PXAT` option.'],
      ['7.0.0', 'Allowed the `NX` and `GET` options to be used together.'],
    ],
    arguments: [
      argument('key', 'key'),
      argument('value', 'string'),
      argument('condition', 'oneof', {
        since: '2.6.12',
        flags: ['optional'],
        arguments: [argument('nx', 'pure-token', { token: 'NX' }), argument('xx', 'pure-token', { token: 'XX' })],
      }),
      argument('get', 'pure-token', { token: 'GET', since: '6.2.0', flags: ['optional'] }),
      argument('expiration', 'oneof', {
        flags: ['optional'],
        arguments: [
          argument('seconds', 'integer', { token: 'EX', since: '2.6.12' }),
          argument('milliseconds', 'integer', { token: 'PX', since: '2.6.12' }),
          argument('unix-time-seconds', 'unix-time', { token: 'EXAT', since: '6.2.0' }),
          argument('unix-time-milliseconds', 'unix-time', { token: 'PXAT', since: '6.2.0' }),
          argument('keepttl', 'pure-token', { token: 'KEEPTTL', since: '6.0.0' }),
        ],
      }),
    ],
  },
  setex: { arguments: [argument('key', 'key'), argument('seconds', 'integer'), argument('value', 'string')] },
  setnx: { arguments: [argument('key', 'key'), argument('value', 'string')] },
  setrange: { arguments: [argument('key', 'key'), argument('offset', 'integer'), argument('value', 'string')] },
  strlen: { arguments: [argument('key', 'key')] },
  substr: {
    docFlags: ['deprecated'],
    deprecatedSince: '2.0.0',
    replacedBy: '`GETRANGE`',
    arguments: [argument('key', 'key'), argument('start', 'integer'), argument('end', 'integer')],
  },
};
