/** Error replies of the Redis interface as errors of the client: the table of `docs/errors.md`, read from the other side. */
import { SionError, type SionErrorCode } from './errors.ts';

/** The first that fits; what is left is Redis's own `ERR …`: the call is wrong. */
const prefixes: readonly (readonly [RegExp, SionErrorCode])[] = [
  [/^UNAVAILABLE\b/, 'unavailable'],
  [/^INDETERMINATE\b/, 'indeterminate'],
  [/^CAPACITY\b/, 'capacity'],
  [/^ERR corrupt:/, 'corrupt'],
  [/^ERR internal:/, 'internal'],
  [/^(WRONGPASS|NOAUTH|NOPERM)\b/, 'unauthorized'],
  [/^ERR max number of clients/, 'unavailable'],
  [/^ERR no byte of the command came for/, 'unavailable'],
];

/** What an error reply means. */
export function errorOfReply(text: string, cause: unknown): SionError {
  const code = prefixes.find(([prefix]) => prefix.test(text))?.[1] ?? 'invalid';
  // The reply's text is UTF-8 that the parser has read byte by byte or as UTF-8, by version; both are readable.
  return new SionError(code, text.replace(/^(UNAVAILABLE|INDETERMINATE|CAPACITY|ERR) /, ''), {
    cause,
    serverCode: /^[A-Z]+/.exec(text)?.[0],
  });
}
