/**
 * The name under which a key's object lies in the store. It exists so that users find their bytes with any S3 tool under
 * a name they can predict, while no two keys share a name and no tool on the way rewrites it. The rules are fixed for
 * ever: a name that changed with a release or a Unicode version would lose the object.
 *
 * A key is 0 … 512 bytes. Its name is, segment by segment:
 *
 *     plain key                      itself                                user:42   photos/2024/cat.jpg   prix/été
 *     byte that is not kept          %XX, upper-case hexadecimal           a%b → a%25b     FF → %FF
 *     '.' that opens the name        %2E                                   .sion/x → %2Esion/x
 *     segment '.' or '..'            its dots as %2E                       a/../b → a/%2E%2E/b
 *     '/' after an empty segment,    %2F                                   /a → %2Fa   a//b → a/%2Fb   a/ → a%2F
 *       or at the end
 *     ' ' at a segment's ends        %20                                   ' a b ' → %20a b%20
 *     form longer than 900 bytes     %~ and the key in base64url           no '=' at its end
 *     the empty key                  %~
 *
 * Kept as they are: printable ASCII other than '%' and '\', and characters in valid UTF-8 other than the
 * `hiddenRanges` of `percent-form.ts` (controls, blanks, invisible and private ones). Everything else is escaped byte by byte.
 * So a name never starts with '.' or '/', has no empty, '.' or '..' segment, and is at most 900 bytes of UTF-8 (limit of
 * S3: 1024, prefix included). Names compare by bytes: a store must tell upper from lower case.
 *
 * {@link keyOfName} is the exact inverse; a name that no key has (put by others, such as `a%b` or `a//b`) gives
 * undefined and cannot be reached as a key.
 */
import { longMark, percentForm, unescapeName } from './percent-form.ts';

/** The longest key, in bytes. */
export const maxKeyBytes = 512;

/** The longest name, in bytes of UTF-8. */
export const maxNameBytes = 900;

/**
 * The name of a key, given as a latin-1 string, one character per byte. Throws `RangeError` when it is longer than
 * {@link maxKeyBytes} or holds a character above U+00FF: the front must have refused such a key before.
 */
export function nameOfKey(key: string): string {
  if (key.length > maxKeyBytes) throw new RangeError(`a key has at most ${maxKeyBytes} bytes, got ${key.length}`);
  if (plainKey.test(key)) return key;
  if (/[\u0100-\uffff]/.test(key)) throw new RangeError('a key has one character, up to U+00FF, per byte');
  if (key === '') return longMark;
  const name = percentForm(key);
  return Buffer.byteLength(name) > maxNameBytes ? longMark + Buffer.from(key, 'latin1').toString('base64url') : name;
}

/** The key of a name as a latin-1 string; undefined when no key has that name. */
export function keyOfName(name: string): string | undefined {
  if (name.length > maxNameBytes) return undefined;
  if (plainKey.test(name) && name.length <= maxKeyBytes) return name;
  const key = name.startsWith(longMark)
    ? Buffer.from(name.slice(longMark.length), 'base64url').toString('latin1')
    : unescapeName(name);
  return key !== undefined && key.length <= maxKeyBytes && nameOfKey(key) === name ? key : undefined;
}

/** Keys that are their own names, told at once; others of that kind take the long way. */
const plainKey = /^[\w:@=-][\w:@=.-]*(?:\/[\w:@=-][\w:@=.-]*)*$/;
