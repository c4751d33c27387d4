/**
 * Which file holds the object of a name: an injective map from names to paths inside the store's folder, and back. It
 * must never give a path outside the folder, whatever the name.
 *
 *     name        1 to 1024 bytes of well-formed Unicode without NUL, not `.` or `..`
 *     '/'         → '%2F'
 *     '%2F'       → '%252F'; in general '%', any number of '25', '2F' gets one more '25'
 *     up to 249 bytes: one file of that name
 *     above: folders, each the shortest run of characters of at least 250 bytes, then '+'; last a file: the rest (it may
 *            be empty), then '='
 *
 * Plain file names at the top have at most 249 bytes, folder names at least 251; further down the two end differently:
 * a file can never stand where a folder is needed. Names that start with '.' are SION's own and live in another folder.
 */
import { SionError } from '@sion/wire';

/** The longest name, in bytes of UTF-8; S3's limit as well. */
const longestNameBytes = 1024;

const longestFileBytes = 249;

/** True for names that are SION's own and never listed. */
export function isOwnName(name: string): boolean {
  return name.startsWith('.');
}

/** The steps of the path, folders first, the file last; throws `invalid` for what is no name. */
export function pathOfName(name: string): readonly string[] {
  assertName(name);
  let rest = name.replaceAll(/%((?:25)*)2F|\//g, (found, marks: string | undefined) =>
    found === '/' ? '%2F' : `%25${marks ?? ''}2F`,
  );
  if (Buffer.byteLength(rest) <= longestFileBytes) return [rest];
  const steps: string[] = [];
  while (Buffer.byteLength(rest) > longestFileBytes) {
    const length = shortestRun(rest);
    steps.push(`${rest.slice(0, length)}+`);
    rest = rest.slice(length);
  }
  return [...steps, `${rest}=`];
}

/** The name whose object lies at this path; undefined when no name leads there (a file that was put there by others). */
export function nameOfPath(steps: readonly string[]): string | undefined {
  const encoded = steps.length === 1 ? steps.join('') : steps.map((step) => step.slice(0, -1)).join('');
  const name = encoded.replaceAll(/%((?:25)*)2F/g, (_, marks: string) => (marks === '' ? '/' : `%${marks.slice(2)}2F`));
  try {
    const back = pathOfName(name);
    return back.length === steps.length && back.every((step, index) => step === steps[index]) ? name : undefined;
  } catch {
    return undefined;
  }
}

/** Orders names by their bytes in UTF-8, which is not how JavaScript orders text. */
export function compareNames(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i += 1) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Halves of characters above U+FFFF sort behind all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit;
}

/** How many units of `text` (above 249 bytes) make the shortest run of whole characters with at least 250 bytes. */
function shortestRun(text: string): number {
  let [length, bytes] = [0, 0];
  for (const character of text) {
    length += character.length;
    bytes += Buffer.byteLength(character);
    if (bytes > longestFileBytes) break;
  }
  return length;
}

function assertName(name: string): void {
  const wrong =
    name === ''
      ? 'is empty'
      : name === '.' || name === '..'
        ? 'is a folder'
        : name.includes('\0')
          ? 'holds a NUL'
          : !name.isWellFormed()
            ? 'is not well-formed Unicode'
            : Buffer.byteLength(name) > longestNameBytes
              ? `has more than ${longestNameBytes} bytes`
              : undefined;
  if (wrong === undefined) return;
  throw new SionError('invalid', `The store name ${JSON.stringify(name.slice(0, 100))} ${wrong}. Choose another one.`);
}
