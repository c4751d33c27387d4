/** What stands in arguments and options, read and checked; what cannot be is refused before anything is tried. */
import { InvalidArgumentError } from 'commander';
import type { Address } from '../client/http-call.ts';
import { nameOfEncoded, nameOfText, type ObjectName } from '../client/object-name.ts';
import type { Durability } from '../client/object-write.ts';

export function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number of at least 1.');
}

export function share(text: string): number {
  const value = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number above 0 and at most 1, e.g. 0.5.');
}

/** Bytes of an object, both ends included: `0-99`, `100-`, or the last ones, `-100`. */
export function byteRange(text: string): string {
  const [, first, last] = /^(\d{1,15})-(\d{1,15})?$/.exec(text) ?? [];
  if (first !== undefined && (last === undefined || Number(first) <= Number(last))) return text;
  if (/^-0*[1-9]\d{0,14}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be FIRST-LAST, FIRST- or -COUNT, e.g. 0-99 for the first hundred bytes.');
}

/** `name=value`, given as often as there are names. */
export function metadataPair(
  text: string,
  before: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const equals = text.indexOf('=');
  const name = text.slice(0, Math.max(equals, 0)).toLowerCase();
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
    throw new InvalidArgumentError('It must be name=value, the name of letters, digits and -_. without blanks.');
  }
  if (before.has(name)) throw new InvalidArgumentError(`The name ${name} is given twice.`);
  return new Map([...before, [name, text.slice(equals + 1)]]);
}

/** As headers want it; shells take quotes away. */
export function entityTag(text: string): string {
  if (/^"[^"]*"$/.test(text)) return text;
  if (/^[^"\s]+$/.test(text)) return `"${text}"`;
  throw new InvalidArgumentError('It must be an ETag as sion ls --json shows it.');
}

/** When a write may be acknowledged. */
export const durabilities: readonly Durability[] = ['store', 'journal', 'memory'];

/** In any case, as RESP and HTTP take it. */
export function durabilityMode(text: string): Durability {
  const mode = durabilities.find((each) => each === text.toLowerCase());
  if (mode !== undefined) return mode;
  throw new InvalidArgumentError(`Allowed choices are ${durabilities.join(', ')}.`);
}

/** A printable type as a header can carry it. */
export function contentType(text: string): string {
  if (/^[\x21-\x7e][\x20-\x7e]{0,255}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a media type, e.g. image/jpeg.');
}

/** Where a proxy is that the settings do not name. */
export function proxyUrl(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url?.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  if (url === undefined || !plain || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new InvalidArgumentError('It must be http:// or https://, a host and a port, e.g. http://127.0.0.1:6381.');
  }
  const secure = url.protocol === 'https:';
  return {
    purpose: text,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    setting: '--url',
    secure,
  };
}

/** A key as it was typed; with `encoded`, percent-encoded. */
export function objectName(text: string, encoded: boolean | undefined): ObjectName {
  return encoded === true ? nameOfEncoded(text) : nameOfText(text);
}
