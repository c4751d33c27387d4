/** Commands on several keys, and TYPE, STRLEN. */
import type { Conversation } from './line.ts';

export const keys: Conversation = [
  'MSET keys:a 1 keys:b 2 keys:a 3',
  'MGET keys:a keys:b keys:c keys:a',
  'MSET keys:a',
  'MSET keys:a 1 keys:b',
  'MSET',
  'MGET',
  'EXISTS keys:a keys:a keys:b keys:c',
  'EXISTS',
  'TYPE keys:a',
  'TYPE keys:c',
  'TYPE',
  'STRLEN keys:a',
  'STRLEN keys:c',
  'STRLEN a b',
  'DEL keys:a keys:a keys:c',
  'UNLINK keys:b',
  'UNLINK keys:b',
  'DEL',
  'UNLINK',
  'MGET keys:a keys:b',
];
