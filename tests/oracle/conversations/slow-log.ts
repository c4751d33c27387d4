/** SLOWLOG. */
import { type Conversation, kind } from './line.ts';

const times = 'ids and times';

export const slowLog: Conversation = [
  'SLOWLOG RESET',
  'SLOWLOG LEN',
  'SLOWLOG GET',
  'SLOWLOG GET 0',
  'CONFIG SET slowlog-log-slower-than 0',
  'SLOWLOG LEN',
  kind('SLOWLOG GET', times),
  kind('SLOWLOG GET 1', times),
  kind('SLOWLOG GET -1', times),
  'CONFIG SET slowlog-log-slower-than 10000000',
  'SLOWLOG LEN',
  'CONFIG SET slowlog-max-len 2',
  'SLOWLOG LEN',
  'CONFIG SET slowlog-max-len 128',
  'CONFIG SET slowlog-log-slower-than -1',
  'SLOWLOG RESET',
  'SLOWLOG LEN',
  'CONFIG SET slowlog-log-slower-than 10000',
  'SLOWLOG GET x',
  'SLOWLOG GET -2',
  'SLOWLOG GET 1 2',
  'SLOWLOG LEN x',
  'SLOWLOG RESET x',
  'SLOWLOG HELP',
  'SLOWLOG HELP x',
  'SLOWLOG FOO',
  'SLOWLOG',
];
