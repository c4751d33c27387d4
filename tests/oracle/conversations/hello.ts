/** HELLO and its options. */
import { type Conversation, kind } from './line.ts';

export const hello: Conversation = [
  kind('HELLO', 'the client’s id'),
  kind('HELLO 2', 'the client’s id'),
  'HELLO 1',
  'HELLO 4',
  'HELLO x',
  'HELLO 3.0',
  'HELLO 9223372036854775808',
  'HELLO 3 FOO',
  'HELLO 3 SETNAME',
  'HELLO 3 SETNAME "a b"',
  'HELLO 3 AUTH bob x',
  'HELLO 3 AUTH default',
  'CLIENT GETNAME',
  kind('HELLO 2 SETNAME me', 'the client’s id'),
  'CLIENT GETNAME',
  kind('HELLO 2 AUTH default anything', 'the client’s id'),
  'CLIENT GETNAME',
  kind('HELLO 3 setname you', 'the client’s id'),
  'CLIENT GETNAME',
  'GET hello:nothing',
  'RESET',
  'CLIENT GETNAME',
  'GET hello:nothing',
];
