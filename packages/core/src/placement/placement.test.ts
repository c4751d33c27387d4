import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPlacement, type FleetView } from './placement.ts';

function viewOf(usedBytes: readonly number[], capacityBytes: number, unavailable: ReadonlySet<number>): FleetView {
  return {
    usedBytes: (node) => usedBytes[node] ?? 0,
    capacityBytes: () => capacityBytes,
    available: (node) => !unavailable.has(node),
  };
}

const wishArbitrary = fc.record({
  chunks: fc.integer({ min: 1, max: 4 }),
  chunkBytes: fc.integer({ min: 1, max: 60 }),
  salt: fc.nat(),
});

describe('placement', () => {
  it('keeps a fragment’s chunks apart, stays within every cap, and decides the same again', () => {
    const fleet = fc.record({
      nodes: fc.integer({ min: 4, max: 20 }),
      wishes: fc.array(wishArbitrary, { maxLength: 60 }),
      unavailable: fc.uniqueArray(fc.integer({ min: 0, max: 19 }), { maxLength: 6 }),
    });
    fc.assert(
      fc.property(fleet, ({ nodes, wishes, unavailable }) => {
        const run = () => {
          const placement = createPlacement({ nodes, groupSize: 4 });
          const usedBytes = new Array<number>(nodes).fill(0);
          return wishes.map((wish) => {
            const places = placement.place(wish, viewOf(usedBytes, 100, new Set(unavailable)));
            expect(new Set(places).size).toBe(places?.length ?? 0);
            for (const node of places ?? []) {
              expect(unavailable).not.toContain(node);
              usedBytes[node] = (usedBytes[node] ?? 0) + wish.chunkBytes;
              expect(usedBytes[node]).toBeLessThanOrEqual(100);
            }
            return places;
          });
        };
        expect(run()).toEqual(run());
      }),
    );
  });

  it('opens the next group only when the open ones refuse, and says when the fleet is full', () => {
    const placement = createPlacement({ nodes: 8, groupSize: 4 });
    const usedBytes = new Array<number>(8).fill(0);
    const wish = { chunks: 4, chunkBytes: 60, salt: 1 };
    const put = () => {
      const places = placement.place(wish, viewOf(usedBytes, 100, new Set()));
      for (const node of places ?? []) usedBytes[node] = (usedBytes[node] ?? 0) + 60;
      return places;
    };
    expect(put()).toEqual([1, 2, 3, 0]);
    expect(placement.windows()[0]?.groups).toHaveLength(1);
    expect(put()).toEqual([5, 6, 7, 4]);
    expect(placement.windows()[0]?.groups).toHaveLength(2);
    expect(put()).toBeUndefined();
    usedBytes.fill(0, 0, 4);
    expect(put()).toEqual([1, 2, 3, 0]);
  });

  it('gives every node of the fleet to a group, and remembers which groups are open', () => {
    const placement = createPlacement({ nodes: 27, groupSize: 12 });
    placement.restore({ v: 1, openGroups: 9 });
    const nodes = placement.windows().flatMap(({ groups }) => groups.flatMap((group) => group.nodes));
    expect(nodes).toEqual(Array.from({ length: 27 }, (_, node) => node));
    expect(placement.snapshot()).toEqual({ v: 1, openGroups: 2 });
  });

  it('refuses what can never fit', () => {
    expect(() => createPlacement({ nodes: 0 })).toThrow('at least 1 node');
    expect(() => createPlacement({ nodes: 4, groupSize: 5 })).toThrow('1 to 4 nodes');
    const view = viewOf([], 100, new Set());
    expect(() => createPlacement({ nodes: 4 }).place({ chunks: 5, chunkBytes: 1, salt: 0 }, view)).toThrow(
      'do not fit',
    );
  });
});
