import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareManifests, digestsEqual, Manifest, type ManifestEntry } from './manifest.ts';

const entryArbitrary: fc.Arbitrary<ManifestEntry> = fc.record({
  id: fc.record({
    epoch: fc.integer({ min: 1, max: 3 }),
    counter: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
    fragment: fc.integer({ min: 0, max: 3 }),
    index: fc.integer({ min: 0, max: 13 }),
  }),
  lengthBytes: fc.integer({ min: 0, max: 1 << 20 }),
  checksum: fc.integer({ min: 0, max: 0xffff_ffff }),
});

function manifestOf(entries: Iterable<ManifestEntry>): Manifest {
  const manifest = new Manifest();
  for (const entry of entries) manifest.add(entry);
  return manifest;
}

describe('a manifest', () => {
  it('has a digest that depends on its entries and not on their history', () => {
    fc.assert(
      fc.property(fc.array(entryArbitrary), fc.array(entryArbitrary), (kept, passing) => {
        const direct = manifestOf(kept);
        const roundabout = manifestOf(passing);
        for (const entry of [...kept].reverse()) roundabout.add(entry);
        for (const entry of passing) if (!direct.has(entry.id)) roundabout.remove(entry.id);
        for (const entry of kept) roundabout.add(entry);
        expect(digestsEqual(direct.digest(), roundabout.digest())).toBe(true);
      }),
    );
  });

  it('has another digest when one entry differs in anything', () => {
    const entry: ManifestEntry = { id: { epoch: 1, counter: 2, fragment: 0, index: 0 }, lengthBytes: 10, checksum: 5 };
    const others: ManifestEntry[] = [
      { ...entry, checksum: 6 },
      { ...entry, lengthBytes: 11 },
      { ...entry, id: { ...entry.id, index: 1 } },
      { ...entry, id: { ...entry.id, counter: 2 + 2 ** 32 } },
    ];
    for (const other of others) {
      expect(digestsEqual(manifestOf([entry]).digest(), manifestOf([other]).digest())).toBe(false);
    }
    expect(digestsEqual(manifestOf([entry]).digest(), new Manifest().digest())).toBe(false);
  });

  it('tells exactly what was lost and what is stray', () => {
    fc.assert(
      fc.property(fc.array(entryArbitrary), fc.array(entryArbitrary), (expected, held) => {
        const want = manifestOf(expected);
        const have = manifestOf(held);
        const { lost, stray } = compareManifests(want, have.entries());
        for (const entry of lost) want.remove(entry.id);
        for (const entry of stray) have.remove(entry.id);
        expect(digestsEqual(want.digest(), have.digest())).toBe(true);
      }),
    );
  });
});
