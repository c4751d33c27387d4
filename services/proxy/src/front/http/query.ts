/**
 * The query of a request target, read to bytes as `application/x-www-form-urlencoded` (what every library writes): `+` is
 * a blank and `%2B` a plus. Strict: an unknown, repeated or broken parameter is refused, since a listing that silently
 * left one out would be of other keys.
 */
import { SionError } from '@sion/wire';

/** Reads the parameters of a target to latin-1 strings, one character per byte. Throws `invalid`. */
export function readQuery<N extends string>(target: string, known: readonly N[]): Readonly<Partial<Record<N, string>>> {
  const start = target.indexOf('?');
  const query = start < 0 ? '' : target.slice(start + 1);
  if (target.includes('#')) {
    throw new SionError('invalid', 'The query has a raw "#". Write it as %23 if it belongs to a value.');
  }
  const values: Partial<Record<N, string>> = {};
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const given = decode(equals < 0 ? pair : pair.slice(0, equals));
    const name = known.find((one) => one === given);
    if (name === undefined) {
      throw new SionError(
        'invalid',
        `The parameter "${given.slice(0, 60)}" is unknown here. Known are ${known.join(', ')}.`,
      );
    }
    if (values[name] !== undefined) {
      throw new SionError('invalid', `The parameter ${name} is given twice. Give it once.`);
    }
    values[name] = equals < 0 ? '' : decode(pair.slice(equals + 1));
  }
  return values;
}

function decode(encoded: string): string {
  const broken = /%(?![0-9A-Fa-f]{2})/.exec(encoded);
  if (broken !== null) {
    const sequence = encoded.slice(broken.index, broken.index + 3);
    throw new SionError(
      'invalid',
      `The query has "${sequence}"; "%" must be followed by two hexadecimal digits. Write a literal "%" as %25.`,
    );
  }
  return encoded
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
