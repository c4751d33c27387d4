/** PING, ECHO, SELECT, RESET, QUIT. */
import type { Conversation } from './line.ts';

export const connection: Conversation = [
  'PING',
  'PING hello',
  'PING a b',
  'ECHO hello',
  'ECHO',
  'ECHO a b',
  'ECHO ""',
  'echo "a\\x00\\xff\\r\\n b"',
  "ECHO 'it\\'s'",
  'SELECT 0',
  'SELECT -1',
  'SELECT 16',
  'SELECT x',
  'SELECT 99999999999',
  'SELECT',
  'RESET x',
  'RESET',
  'QUIT now',
];
