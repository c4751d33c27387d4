/** Who reads while others write sees one version, wholly. */
import { describe, expect, test } from 'vitest';
import { collect, getHit, pattern, putNew, putOver, sha256, text } from './exchange.ts';
import type { StoreBench } from './store-conformance.ts';

const lengths = [10, 300_000, 2_500_000];

export function describeOverwrites(bench: StoreBench): void {
  describe('reads during overwrites', () => {
    test.each([10, 2_500_000])('of %i bytes see one version, with its own metadata', async (around) => {
      const { store } = bench;
      const versions = Array.from({ length: 8 }, (_, i) => pattern(around + i, i));
      const sums = new Map(versions.map((bytes, i) => [String(i), sha256(bytes)]));
      let etag = await putNew(store, 'a', versions[0]!, { version: '0' });
      let writing = true;
      const write = async () => {
        for (let round = 1; round <= 24; round += 1) {
          const i = round % versions.length;
          etag = await putOver(store, 'a', etag, versions[i]!, { version: String(i) });
        }
        writing = false;
      };
      let reads = 0;
      const read = async () => {
        while (writing) {
          const hit = await getHit(store, 'a');
          expect(sums.get(hit.object.metadata.version ?? '')).toBe(sha256(hit.bytes));
          reads += 1;
        }
      };
      await Promise.all([write(), read(), read()]);
      expect(reads).toBeGreaterThan(0);
    });

    test('a reader never goes back to an older version', async () => {
      const { store } = bench;
      let etag = await putNew(store, 'a', text('x'), { version: '0' });
      let acknowledged = 0;
      const write = async () => {
        for (let round = 1; round <= 30; round += 1) {
          const metadata = { version: String(round) };
          const outcome =
            round % 3 === 0
              ? await store.replaceMetadata('a', etag, metadata)
              : await store.put('a', text(`${round}`), metadata, { kind: 'match', etag });
          if (outcome.kind !== 'written') throw new Error('conflict');
          etag = outcome.etag;
          acknowledged = round;
        }
      };
      const read = async () => {
        let seen = 0;
        while (acknowledged < 30) {
          const least = Math.max(seen, acknowledged);
          seen = Number((await store.head('a'))?.metadata.version);
          expect(seen).toBeGreaterThanOrEqual(least);
        }
      };
      await Promise.all([write(), read(), read()]);
    });

    test.each(lengths)(
      'an open body of %i bytes ends with the version it began with, or breaks off',
      async (length) => {
        const { store } = bench;
        const bytes = pattern(length, 1);
        const etag = await putNew(store, 'a', bytes);
        const outcome = await store.get('a');
        if (outcome.kind !== 'hit') throw new Error('missing');
        const next = await putOver(store, 'a', etag, pattern(length, 2));
        const whole = await collect(outcome.body).catch(() => bytes);
        expect(sha256(whole)).toBe(sha256(bytes));
        const again = await store.get('a');
        if (again.kind !== 'hit') throw new Error('missing');
        await store.delete('a', next);
        const last = await collect(again.body).catch(() => pattern(length, 2));
        expect(sha256(last)).toBe(sha256(pattern(length, 2)));
      },
    );
  });
}
