/** What the load generator does for the steps of a replay. */
import type { WorkRequest } from '../distributions/mixes.ts';
import type { ReplayStep } from './replay-plan.ts';

/**
 * The requests of one step. Copies have none: their destination is not recorded. An object that has to be written right before it
 * is first read is one `fill`; before a HEAD it is a write of its own.
 */
export function workOf({ isPutBefore, record, sizeBytes }: ReplayStep): readonly WorkRequest[] {
  const { key, operation, range } = record;
  switch (operation) {
    case 'get': {
      const part = range === undefined ? {} : { range };
      if (isPutBefore) return [{ operation: 'fill', key, sizeBytes, ...part }];
      return [{ operation: range === undefined ? 'get' : 'range', key, sizeBytes: 0, ...part }];
    }
    case 'put':
      return [{ operation: 'put', key, sizeBytes: record.sizeBytes ?? sizeBytes }];
    case 'head': {
      const head: WorkRequest = { operation: 'head', key, sizeBytes: 0 };
      return isPutBefore ? [{ operation: 'insert', key, sizeBytes }, head] : [head];
    }
    case 'delete':
      return [{ operation: 'delete', key, sizeBytes: 0 }];
    case 'copy':
      return [];
  }
}
