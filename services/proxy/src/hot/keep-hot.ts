/** What reads bring to the hot tier: small objects that they have read whole from elsewhere. */
import { type Entry, infoOf, type Knowledge } from '../objects/knowledge.ts';
import { Superseded } from '../objects/memory-body.ts';
import type { Key, ReadOutcome } from '../objects/objects.ts';
import { readyBody } from '../objects/ready-body.ts';
import type { HotObjects } from './hot-objects.ts';

export interface KeepingParts {
  readonly hot: HotObjects | undefined;
  readonly knowledge: Knowledge;
}

/** A small object is read to its end, kept if it is still the present one, and handed on as a whole. */
export async function keepHot(
  { hot, knowledge }: KeepingParts,
  key: Key,
  outcome: ReadOutcome | 'superseded',
): Promise<ReadOutcome | 'superseded'> {
  if (hot === undefined || outcome === 'superseded' || outcome.kind !== 'hit') return outcome;
  const { info, range, body } = outcome;
  const entry = knowledge.peek(key);
  const isWhole = range.start === 0 && range.end === info.sizeBytes;
  const isOf = (present: Entry | undefined) => present !== undefined && infoOf(present.object).version === info.version;
  if (entry === undefined || entry.hot !== undefined || !isWhole || !isOf(entry) || !hot.takes(entry.object))
    return outcome;
  try {
    const bytes = await body.bytes();
    if (knowledge.peek(key) === entry && isOf(entry)) hot.keep(entry, bytes);
    return { ...outcome, body: readyBody(bytes, body.trace) };
  } catch (thrown) {
    if (thrown instanceof Superseded) return 'superseded';
    throw thrown;
  }
}
