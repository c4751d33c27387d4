/** What COMMAND DOCS tells of commands of the server group beside what they say themselves, as in Redis 7.0. */
import { argument, type CommandDocument } from './argument.ts';

/** By full name. */
export const serverDocuments: Readonly<Record<string, CommandDocument>> = {
  'command|docs': { arguments: [argument('command-name', 'string', { flags: ['optional', 'multiple'] })] },
  'command|info': {
    history: [['7.0.0', 'Allowed to be called with no argument to get info on all commands.']],
    arguments: [argument('command-name', 'string', { flags: ['optional', 'multiple'] })],
  },
  'command|list': {
    arguments: [
      argument('filterby', 'oneof', {
        token: 'FILTERBY',
        flags: ['optional'],
        arguments: [
          argument('module-name', 'string', { token: 'MODULE' }),
          argument('category', 'string', { token: 'ACLCAT' }),
          argument('pattern', 'pattern', { token: 'PATTERN' }),
        ],
      }),
    ],
  },
  'config|get': {
    history: [['7.0.0', 'Added the ability to pass multiple pattern parameters in one call']],
    arguments: [argument('parameter', 'block', { flags: ['multiple'], arguments: [argument('parameter', 'string')] })],
  },
  'config|set': {
    history: [['7.0.0', 'Added the ability to set multiple parameters in one call.']],
    arguments: [
      argument('parameter_value', 'block', {
        flags: ['multiple'],
        arguments: [argument('parameter', 'string'), argument('value', 'string')],
      }),
    ],
  },
  flushall: {
    history: [
      ['4.0.0', 'Added the `ASYNC` flushing mode modifier.'],
      ['6.2.0', 'Added the `SYNC` flushing mode modifier.'],
    ],
    arguments: [
      argument('async', 'oneof', {
        flags: ['optional'],
        arguments: [
          argument('async', 'pure-token', { token: 'ASYNC', since: '4.0.0' }),
          argument('sync', 'pure-token', { token: 'SYNC', since: '6.2.0' }),
        ],
      }),
    ],
  },
  flushdb: {
    history: [
      ['4.0.0', 'Added the `ASYNC` flushing mode modifier.'],
      ['6.2.0', 'Added the `SYNC` flushing mode modifier.'],
    ],
    arguments: [
      argument('async', 'oneof', {
        flags: ['optional'],
        arguments: [
          argument('async', 'pure-token', { token: 'ASYNC', since: '4.0.0' }),
          argument('sync', 'pure-token', { token: 'SYNC', since: '6.2.0' }),
        ],
      }),
    ],
  },
  info: {
    history: [['7.0.0', 'Added support for taking multiple section arguments.']],
    arguments: [argument('section', 'string', { flags: ['optional', 'multiple'] })],
  },
  'memory|usage': {
    arguments: [argument('key', 'key'), argument('count', 'integer', { token: 'SAMPLES', flags: ['optional'] })],
  },
  'slowlog|get': {
    history: [['4.0.0', 'Added client IP address, port and name to the reply.']],
    arguments: [argument('count', 'integer', { flags: ['optional'] })],
  },
};
