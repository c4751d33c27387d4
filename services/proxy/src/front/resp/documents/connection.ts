/** What COMMAND DOCS tells of commands of the connection group beside what they say themselves, as in Redis 7.0. */
import { argument, type CommandDocument } from './argument.ts';

/** By full name. */
export const connectionDocuments: Readonly<Record<string, CommandDocument>> = {
  auth: {
    history: [['6.0.0', 'Added ACL style (username and password).']],
    arguments: [
      argument('username', 'string', { since: '6.0.0', flags: ['optional'] }),
      argument('password', 'string'),
    ],
  },
  'client|caching': {
    arguments: [
      argument('mode', 'oneof', {
        arguments: [argument('yes', 'pure-token', { token: 'YES' }), argument('no', 'pure-token', { token: 'NO' })],
      }),
    ],
  },
  'client|kill': {
    history: [
      ['2.8.12', 'Added new filter format.'],
      ['2.8.12', '`ID` option.'],
      ['3.2.0', 'Added `master` type in for `TYPE` option.'],
      ['5.0.0', 'Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility.'],
      ['6.2.0', '`LADDR` option.'],
    ],
    arguments: [
      argument('filter', 'oneof', {
        arguments: [
          argument('ip:port', 'string', { deprecatedSince: '2.8.12' }),
          argument('new-format', 'oneof', {
            flags: ['multiple'],
            arguments: [
              argument('client-id', 'integer', { token: 'ID', since: '2.8.12', flags: ['optional'] }),
              argument('normal_master_slave_pubsub', 'oneof', {
                token: 'TYPE',
                since: '2.8.12',
                flags: ['optional'],
                arguments: [
                  argument('normal', 'pure-token', { token: 'NORMAL' }),
                  argument('master', 'pure-token', { token: 'MASTER', since: '3.2.0' }),
                  argument('slave', 'pure-token', { token: 'SLAVE' }),
                  argument('replica', 'pure-token', { token: 'REPLICA', since: '5.0.0' }),
                  argument('pubsub', 'pure-token', { token: 'PUBSUB' }),
                ],
              }),
              argument('username', 'string', { token: 'USER', flags: ['optional'] }),
              argument('ip:port', 'string', { token: 'ADDR', flags: ['optional'] }),
              argument('ip:port', 'string', { token: 'LADDR', since: '6.2.0', flags: ['optional'] }),
              argument('yes/no', 'string', { token: 'SKIPME', flags: ['optional'] }),
            ],
          }),
        ],
      }),
    ],
  },
  'client|list': {
    history: [
      ['2.8.12', 'Added unique client `id` field.'],
      ['5.0.0', 'Added optional `TYPE` filter.'],
      ['6.0.0', 'Added `user` field.'],
      ['6.2.0', 'Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter.'],
      ['7.0.0', 'Added `resp`, `multi-mem`, `rbs` and `rbp` fields.'],
      ['7.0.3', 'Added `ssub` field.'],
    ],
    arguments: [
      argument('normal_master_replica_pubsub', 'oneof', {
        token: 'TYPE',
        since: '5.0.0',
        flags: ['optional'],
        arguments: [
          argument('normal', 'pure-token', { token: 'NORMAL' }),
          argument('master', 'pure-token', { token: 'MASTER' }),
          argument('replica', 'pure-token', { token: 'REPLICA' }),
          argument('pubsub', 'pure-token', { token: 'PUBSUB' }),
        ],
      }),
      argument('id', 'block', {
        token: 'ID',
        since: '6.2.0',
        flags: ['optional'],
        arguments: [argument('client-id', 'integer', { flags: ['multiple'] })],
      }),
    ],
  },
  'client|no-evict': {
    arguments: [
      argument('enabled', 'oneof', {
        arguments: [argument('on', 'pure-token', { token: 'ON' }), argument('off', 'pure-token', { token: 'OFF' })],
      }),
    ],
  },
  'client|pause': {
    history: [['6.2.0', '`CLIENT PAUSE WRITE` mode added along with the `mode` option.']],
    arguments: [
      argument('timeout', 'integer'),
      argument('mode', 'oneof', {
        since: '6.2.0',
        flags: ['optional'],
        arguments: [
          argument('write', 'pure-token', { token: 'WRITE' }),
          argument('all', 'pure-token', { token: 'ALL' }),
        ],
      }),
    ],
  },
  'client|reply': {
    arguments: [
      argument('on_off_skip', 'oneof', {
        arguments: [
          argument('on', 'pure-token', { token: 'ON' }),
          argument('off', 'pure-token', { token: 'OFF' }),
          argument('skip', 'pure-token', { token: 'SKIP' }),
        ],
      }),
    ],
  },
  'client|setname': { arguments: [argument('connection-name', 'string')] },
  'client|tracking': {
    arguments: [
      argument('status', 'oneof', {
        arguments: [argument('on', 'pure-token', { token: 'ON' }), argument('off', 'pure-token', { token: 'OFF' })],
      }),
      argument('client-id', 'integer', { token: 'REDIRECT', flags: ['optional'] }),
      argument('prefix', 'string', { token: 'PREFIX', flags: ['optional', 'multiple', 'multiple_token'] }),
      argument('bcast', 'pure-token', { token: 'BCAST', flags: ['optional'] }),
      argument('optin', 'pure-token', { token: 'OPTIN', flags: ['optional'] }),
      argument('optout', 'pure-token', { token: 'OPTOUT', flags: ['optional'] }),
      argument('noloop', 'pure-token', { token: 'NOLOOP', flags: ['optional'] }),
    ],
  },
  'client|unblock': {
    arguments: [
      argument('client-id', 'integer'),
      argument('timeout_error', 'oneof', {
        flags: ['optional'],
        arguments: [
          argument('timeout', 'pure-token', { token: 'TIMEOUT' }),
          argument('error', 'pure-token', { token: 'ERROR' }),
        ],
      }),
    ],
  },
  echo: { arguments: [argument('message', 'string')] },
  hello: {
    history: [
      [
        '6.2.0',
        "`protover` made optional; when called without arguments the command reports the current connection's context.",
      ],
    ],
    arguments: [
      argument('arguments', 'block', {
        flags: ['optional'],
        arguments: [
          argument('protover', 'integer'),
          argument('username_password', 'block', {
            token: 'AUTH',
            flags: ['optional'],
            arguments: [argument('username', 'string'), argument('password', 'string')],
          }),
          argument('clientname', 'string', { token: 'SETNAME', flags: ['optional'] }),
        ],
      }),
    ],
  },
  ping: { arguments: [argument('message', 'string', { flags: ['optional'] })] },
  select: { arguments: [argument('index', 'integer')] },
};
