/** Texts that a client gives about itself and that appear, unquoted, in CLIENT INFO. */
import { ReplyError } from './redis-errors.ts';

const maxTextBytes = 1024;

/** The text, or Redis's error when it has a character that is not printable ASCII; `what` is the error's subject. */
export function requireClientText(bytes: Buffer, what: string): string {
  if (bytes.length > maxTextBytes) {
    throw new ReplyError(`ERR ${what} cannot be longer than ${maxTextBytes} bytes (${bytes.length}); shorten it.`);
  }
  const text = bytes.toString('latin1');
  if (/^[!-~]*$/.test(text)) return text;
  throw new ReplyError(`ERR ${what} cannot contain spaces, newlines or special characters.`);
}
