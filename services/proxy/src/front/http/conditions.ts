/**
 * Conditional requests (RFC 9110, section 13): the one place that decides whether a request goes on, given what is known
 * of the object at that moment. Reads ask it with what they are about to answer, writes from inside their mutation, so
 * that nothing can come between the decision and the write.
 */
import { SionError } from '@sion/wire';
import { journalEtag } from '../../journal/undrained.ts';
import type { ObjectInfo } from '../../objects/objects.ts';
import { parseHttpDate } from './http-date.ts';

/** The conditions of one request. */
export interface Conditions {
  readonly ifMatch?: EntityTags;
  readonly ifNoneMatch?: EntityTags;
  readonly ifModifiedSinceMs?: number;
  readonly ifUnmodifiedSinceMs?: number;
}

/** A list of entity tags, or any. */
type EntityTags = 'any' | readonly string[];

/** `unchanged` = 304 (reads only), `failed` = 412. */
export type Verdict = 'proceed' | 'unchanged' | 'failed';

/** The request headers that carry conditions. */
export interface ConditionHeaders {
  readonly 'if-match'?: string | undefined;
  readonly 'if-none-match'?: string | undefined;
  readonly 'if-modified-since'?: string | undefined;
  readonly 'if-unmodified-since'?: string | undefined;
}

/** Reads the conditions; undefined when there are none. A date in no valid form is no condition, as the RFC wants it. */
export function parseConditions(headers: ConditionHeaders): Conditions | undefined {
  const ifMatch = headers['if-match'];
  const ifNoneMatch = headers['if-none-match'];
  const modified = parseHttpDate(headers['if-modified-since'] ?? '');
  const unmodified = parseHttpDate(headers['if-unmodified-since'] ?? '');
  const conditions: Conditions = {
    ...(ifMatch === undefined ? {} : { ifMatch: parseTags('If-Match', ifMatch) }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch: parseTags('If-None-Match', ifNoneMatch) }),
    ...(modified === undefined ? {} : { ifModifiedSinceMs: modified }),
    ...(unmodified === undefined ? {} : { ifUnmodifiedSinceMs: unmodified }),
  };
  return Object.keys(conditions).length === 0 ? undefined : conditions;
}

/** Decides in the order of RFC 9110, section 13.2.2. */
export function judge(
  conditions: Conditions | undefined,
  current: ObjectInfo | undefined,
  access: 'read' | 'write',
): Verdict {
  if (conditions === undefined) return 'proceed';
  const { ifMatch, ifNoneMatch, ifModifiedSinceMs, ifUnmodifiedSinceMs } = conditions;
  if (ifMatch !== undefined) {
    if (current === undefined) return 'failed';
    if (ifMatch !== 'any' && !tagsOf(current).some((tag) => ifMatch.includes(tag))) return 'failed';
  } else if (ifUnmodifiedSinceMs !== undefined && current !== undefined) {
    if (wholeSeconds(current.modifiedMs) > wholeSeconds(ifUnmodifiedSinceMs)) return 'failed';
  }
  const refused: Verdict = access === 'read' ? 'unchanged' : 'failed';
  if (ifNoneMatch !== undefined) {
    const matches =
      current !== undefined &&
      (ifNoneMatch === 'any' || tagsOf(current).some((tag) => matchesWeakly(ifNoneMatch, tag)));
    return matches ? refused : 'proceed';
  }
  if (ifModifiedSinceMs !== undefined && access === 'read' && current !== undefined) {
    if (wholeSeconds(current.modifiedMs) <= wholeSeconds(ifModifiedSinceMs)) return refused;
  }
  return 'proceed';
}

/** True when a range may be served to a request with this `If-Range`: it names the very version, by tag or date. */
export function rangeStands(ifRange: string | undefined, info: ObjectInfo): boolean {
  if (ifRange === undefined) return true;
  if (ifRange.includes('"')) return tagsOf(info).includes(ifRange.trim());
  return parseHttpDate(ifRange.trim()) === wholeSeconds(info.modifiedMs) * 1000;
}

/** The store's tag, and the one under which the version was known while the store did not have it. */
function tagsOf({ etag, version }: ObjectInfo): readonly string[] {
  return version === etag ? [etag] : [etag, journalEtag(version)];
}

function matchesWeakly(tags: readonly string[], etag: string): boolean {
  const opaque = etag.replace(/^W\//, '');
  return tags.some((tag) => tag.replace(/^W\//, '') === opaque);
}

function parseTags(name: string, value: string): EntityTags {
  if (value.trim() === '*') return 'any';
  if (!/^\s*(?:(?:W\/)?"[^"]*"\s*(?:,\s*|$))+$/.test(value)) {
    throw new SionError(
      'invalid',
      `${name}: ${value.slice(0, 100)} is not a list of entity tags. Send * or tags in double quotes, as ETag gave them.`,
    );
  }
  return value.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}
