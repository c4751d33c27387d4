/**
 * Errors as replies: Redis's own texts, and SION's codes as prefixes. This file is the table of `docs/errors.md` for
 * RESP; a test binds the two.
 */
import { asSionError, type ErrorCode, errorReply, type Reply } from '@sion/wire';

/** An error that is answered exactly with `text`, prefix included. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';

  get reply(): Reply {
    return errorReply(this.message);
  }
}

/** The prefix of each code. Clients act on the prefix; `ERR` means that trying again will not help. */
export const errorPrefixes: Readonly<Record<ErrorCode, string>> = {
  invalid: 'ERR',
  unavailable: 'UNAVAILABLE',
  indeterminate: 'INDETERMINATE',
  capacity: 'CAPACITY',
  corrupt: 'ERR corrupt:',
  closed: 'UNAVAILABLE',
  internal: 'ERR internal:',
};

/** What a client is told of a defect: its text stays in the log, for it may hold what is not the client's. */
const internalText = 'a defect of SION, see the log of the proxy; please report it';

/** The reply for anything that was thrown. */
export function replyOfError(thrown: unknown): Reply {
  if (thrown instanceof ReplyError) return thrown.reply;
  const { code, message } = asSionError(thrown);
  return errorReply(`${errorPrefixes[code]} ${code === 'internal' ? internalText : asLatin1(message)}`);
}

/** Our own messages are Unicode; a reply's text has one character per byte. */
function asLatin1(message: string): string {
  return Buffer.from(message, 'utf8').toString('latin1');
}

export const syntaxError = () => new ReplyError('ERR syntax error');
export const notAnInteger = () => new ReplyError('ERR value is not an integer or out of range');
export const notAFloat = () => new ReplyError('ERR value is not a valid float');
export const wouldOverflow = () => new ReplyError('ERR increment or decrement would overflow');
export const stringTooLong = () => new ReplyError('ERR string exceeds maximum allowed size (proto-max-bulk-len)');
export const invalidExpireTime = (command: string) => new ReplyError(`ERR invalid expire time in '${command}' command`);
export const wrongArity = (command: string) => new ReplyError(`ERR wrong number of arguments for '${command}' command`);
export const wrongPassword = () => new ReplyError('WRONGPASS invalid username-password pair or user is disabled.');

/** How much of a command's arguments Redis repeats. */
const repeatedCharacters = 128;

/** As Redis answers a name that it does not know, with the beginnings of the arguments. */
export function unknownCommand(args: readonly Buffer[]): ReplyError {
  let beginning = '';
  for (const argument of args.slice(1)) {
    if (beginning.length >= repeatedCharacters) break;
    beginning += `'${asCString(argument, repeatedCharacters - beginning.length)}' `;
  }
  const name = asCString(args[0], repeatedCharacters);
  return new ReplyError(`ERR unknown command '${name}', with args beginning with: ${beginning}`);
}

/** As Redis answers an unknown first argument of a container such as CLIENT. */
export function unknownSubcommand(container: string, subcommand: Buffer | undefined): ReplyError {
  const name = asCString(subcommand, repeatedCharacters);
  return new ReplyError(`ERR unknown subcommand '${name}'. Try ${container.toUpperCase()} HELP.`);
}

/** As some containers answer a subcommand that got too many arguments. */
export function unfitSubcommand(container: string, subcommand: Buffer | undefined): ReplyError {
  const name = asCString(subcommand, repeatedCharacters);
  return new ReplyError(
    `ERR unknown subcommand or wrong number of arguments for '${name}'. Try ${container.toUpperCase()} HELP.`,
  );
}

/** Bytes as C's `%.*s` prints them: up to the first NUL. */
function asCString(bytes: Buffer | undefined, maxLength: number): string {
  const text = bytes?.toString('latin1', 0, maxLength) ?? '';
  const nul = text.indexOf('\0');
  return nul < 0 ? text : text.slice(0, nul);
}

/** A key beyond the limit. */
export function longKey(sizeBytes: number, maxKeyBytes: number): ReplyError {
  return new ReplyError(`ERR key is too long (${sizeBytes} bytes, the limit is ${maxKeyBytes}); shorten the key`);
}
