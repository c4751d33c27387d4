/** FLUSHALL, FLUSHDB, refused as they are by default; and what is left out of the commands on keys and values. */
import { type Conversation, differs } from './line.ts';

const isOff = 'refused unless SION_ALLOW_FLUSH is true';
const leftOut = 'not there';

export const flush: Conversation = [
  'FLUSHALL FOO',
  'FLUSHALL SYNC ASYNC',
  'FLUSHDB FOO',
  'FLUSHDB ASYNC x',
  differs('FLUSHALL', isOff),
  differs('FLUSHALL ASYNC', isOff),
  differs('FLUSHDB', isOff),
  differs('FLUSHDB SYNC', isOff),
  'COMMAND INFO flushall flushdb',
  differs('MSETNX flush:a 1 flush:b 2', 'not there: all or none over several keys cannot be kept'),
  differs('LCS flush:a flush:b', leftOut),
  differs('DUMP flush:a', leftOut),
  differs('RESTORE flush:a 0 x', leftOut),
  differs('SORT flush:a', leftOut),
];
