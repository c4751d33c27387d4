import { arrayReply, bulkReply, integerReply, mapReply, type RespVersion } from '@sion/wire';
import { requireClientText } from '../client-text.ts';
import type { Call, Command } from '../command.ts';
import { readInteger } from '../numbers.ts';
import { ReplyError, wrongPassword } from '../redis-errors.ts';
import { redisVersion } from '../redis-version.ts';

/** HELLO [protover [AUTH username password] [SETNAME name]] */
export const hello: Command = {
  name: 'hello',
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection',
  summary: 'Handshake with Redis',
  since: '6.0.0',
  complexity: 'O(1)',
  run(call) {
    const { client, args } = call;
    const version = args.length > 1 ? readVersion(args[1]) : client.version;
    const name = readOptions(call);
    if (name !== undefined) client.name = requireClientText(name, 'Client names');
    client.version = version;
    return mapReply([
      ['server', bulkReply('redis')],
      ['version', bulkReply(redisVersion)],
      ['proto', integerReply(version)],
      ['id', integerReply(client.id)],
      ['mode', bulkReply('standalone')],
      ['role', bulkReply('master')],
      ['modules', arrayReply([])],
    ]);
  },
};

function readVersion(bytes: Buffer | undefined): RespVersion {
  const value = readInteger(bytes);
  if (value === undefined) throw new ReplyError('ERR Protocol version is not an integer or out of range');
  if (value === 2n) return 2;
  if (value === 3n) return 3;
  throw new ReplyError('NOPROTO unsupported protocol version');
}

/** Gives the name of SETNAME. There are no users but Redis's own `default`, which has no password. */
function readOptions({ args }: Call): Buffer | undefined {
  let name: Buffer | undefined;
  let user: string | undefined;
  for (let at = 2; at < args.length; at += 1) {
    const option = args[at]?.toString('latin1') ?? '';
    const following = args.length - 1 - at;
    if (option.toLowerCase() === 'auth' && following >= 2) {
      user = args[at + 1]?.toString('latin1');
      at += 2;
    } else if (option.toLowerCase() === 'setname' && following >= 1) {
      name = args[at + 1];
      at += 1;
    } else {
      throw new ReplyError(`ERR Syntax error in HELLO option '${option}'`);
    }
  }
  if (user !== undefined && user !== 'default') {
    throw wrongPassword();
  }
  return name;
}
