/** CLIENT and its subcommands. */
import { type Conversation, kind } from './line.ts';

export const client: Conversation = [
  kind('CLIENT ID', 'the client’s id'),
  kind('CLIENT INFO', 'addresses and memory'),
  'CLIENT ID x',
  'CLIENT GETNAME',
  'CLIENT SETNAME me',
  'CLIENT GETNAME',
  'CLIENT GETNAME x',
  'CLIENT SETNAME "a b"',
  'CLIENT SETNAME "a\\n"',
  'CLIENT SETNAME',
  'CLIENT SETNAME ""',
  'CLIENT GETNAME',
  'CLIENT NO-EVICT on',
  'CLIENT NO-EVICT OFF',
  'CLIENT NO-EVICT maybe',
  'CLIENT NO-EVICT',
  'CLIENT FOO',
  'CLIENT FOO bar',
  'CLIENT',
];
