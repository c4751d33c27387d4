import { okReply } from '@sion/wire';
import type { Command } from '../command.ts';
import { ReplyError, syntaxError, wrongPassword } from '../redis-errors.ts';

/** AUTH [username] password: as a Redis without passwords answers. There is one user, `default`, who needs none. */
export const auth: Command = {
  name: 'auth',
  arity: -2,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection',
  summary: 'Authenticate to the server',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of passwords defined for the user',
  run({ args }) {
    if (args.length > 3) throw syntaxError();
    if (args.length === 2) {
      throw new ReplyError(
        'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
      );
    }
    if (args[1]?.toString('latin1') !== 'default') throw wrongPassword();
    return okReply;
  },
};
