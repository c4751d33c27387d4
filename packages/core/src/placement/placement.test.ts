import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPlacement, type FleetView, type Placement } from './placement.ts';

/** A fleet whose nodes have 100 bytes each. */
class Nodes implements FleetView {
  readonly used: number[];
  readonly away = new Set<number>();

  constructor(nodes: number) {
    this.used = new Array<number>(nodes).fill(0);
  }

  usedBytes(node: number): number {
    return this.used[node] ?? 0;
  }

  capacityBytes(): number {
    return 100;
  }

  available(node: number): boolean {
    return !this.away.has(node);
  }

  put(placement: Placement, wish: { readonly chunks: number; readonly chunkBytes: number; readonly salt: number }) {
    const places = placement.place(wish, this);
    for (const node of places ?? []) this.used[node] = this.usedBytes(node) + wish.chunkBytes;
    return places;
  }

  clear(nodes: Iterable<number>): void {
    for (const node of nodes) this.used[node] = 0;
  }
}

const windows = { intervalMs: 1000, activeWindows: 2, degradedWindows: 3 };
const create = (nodes: number, groupSize: number) => createPlacement({ nodes, groupSize, windows, nowMs: 0 });
const whole = { chunks: 4, chunkBytes: 40, salt: 1 };
const groupsOf = (placement: Placement) =>
  placement.windows().map(({ window, state, groups }) => [window, state, groups.map(({ group }) => group)]);

describe('placement', () => {
  it('fills a group before it opens the next, and uses holes only at the end of the fleet', () => {
    const [placement, nodes] = [create(8, 4), new Nodes(8)];
    expect(nodes.put(placement, whole)).toEqual([1, 2, 3, 0]);
    expect(nodes.put(placement, whole)).toEqual([1, 2, 3, 0]);
    expect(groupsOf(placement)).toEqual([[0, 'active', [0]]]);
    expect(nodes.put(placement, whole)).toEqual([5, 6, 7, 4]);
    expect(nodes.put(placement, whole)).toEqual([5, 6, 7, 4]);
    expect(nodes.put(placement, whole)).toBeUndefined();
    nodes.clear([0, 1, 2, 3]);
    expect(nodes.put(placement, whole)).toEqual([1, 2, 3, 0]);
  });

  it('seals a group that is nearly full, with another one ready, and opens a sealed one that has large holes again', () => {
    const [placement, nodes] = [create(8, 4), new Nodes(8)];
    nodes.put(placement, { ...whole, chunkBytes: 96 });
    expect(placement.takeReadied()).toEqual([4, 5, 6, 7]);
    expect(placement.takeReadied()).toEqual([]);
    nodes.clear([0, 1]);
    expect(nodes.put(placement, whole)).toEqual([5, 6, 7, 4]);
    expect(nodes.put(placement, { ...whole, chunkBytes: 60 })).toEqual([1, 2, 3, 0].map((node) => node + 4));
    nodes.clear([2]);
    expect(nodes.put(placement, { chunks: 3, chunkBytes: 4, salt: 0 })).toEqual([0, 1, 2]);
  });

  it('leaves out nodes that are not available and nodes that it is told to avoid', () => {
    const [placement, nodes] = [create(8, 4), new Nodes(8)];
    nodes.away.add(1);
    expect(placement.place({ chunks: 2, chunkBytes: 1, salt: 0, avoid: [0] }, nodes)).toEqual([2, 3]);
    expect(placement.place({ chunks: 4, chunkBytes: 1, salt: 0 }, nodes)).toEqual([4, 5, 6, 7]);
  });

  it('lets a group serve many windows while it is used, and age when it is not', () => {
    const [placement, nodes] = [create(8, 4), new Nodes(8)];
    nodes.put(placement, whole);
    expect(placement.turn(999)).toEqual({ turns: 0, degraded: [], rotated: 0 });
    placement.turn(5000);
    expect(groupsOf(placement)).toEqual([[0, 'released', [0]]]);
    placement.noteUse(2);
    expect(groupsOf(placement)).toEqual([[5, 'active', [0]]]);
    const { turns, degraded } = placement.turn(7000);
    expect([turns, degraded]).toEqual([2, [{ group: 0, nodes: [0, 1, 2, 3], closedMs: 6000 }]]);
    expect(placement.isOutdated(0)).toBe(false);
    expect(nodes.put(placement, { ...whole, chunkBytes: 10 })).toEqual([1, 2, 3, 0]);
    expect(placement.stateOf(0)).toBe('active');
  });

  it('ages sealed groups whatever is read of them, and gives them back when they are empty', () => {
    const [placement, nodes] = [create(12, 4), new Nodes(12)];
    nodes.put(placement, { ...whole, chunkBytes: 96 });
    placement.turn(2000);
    placement.noteUse(0);
    expect([placement.stateOf(0), placement.isOutdated(0)]).toEqual(['degraded', true]);
    expect(placement.leastMissed()?.group).toBe(0);
    placement.turn(5000);
    expect([placement.stateOf(0), placement.overdue()]).toEqual(['released', []]);
    placement.turn(6000);
    expect(placement.overdue().map(({ group }) => group)).toEqual([0, 1]);
    expect(placement.empty(nodes).map(({ group }) => group)).toEqual([1]);
    nodes.clear([0, 1, 2, 3]);
    expect(placement.empty(nodes).map(({ group }) => group)).toEqual([0, 1]);
    placement.release(0);
    placement.release(1);
    expect(groupsOf(placement)).toEqual([]);
    expect(nodes.put(placement, whole)).toEqual([9, 10, 11, 8]);
  });

  it('seals a group that has been in use for long, whatever is read of it, while another is free', () => {
    const placement = createPlacement({ nodes: 8, groupSize: 4, windows, rotateMs: 3000 });
    const nodes = new Nodes(8);
    nodes.put(placement, { ...whole, chunkBytes: 10 });
    expect(placement.turn(2000).rotated).toBe(0);
    placement.noteUse(0);
    expect(placement.turn(3000).rotated).toBe(1);
    expect(placement.takeReadied()).toEqual([4, 5, 6, 7]);
    expect(nodes.put(placement, { ...whole, chunkBytes: 10 })).toEqual([5, 6, 7, 4]);
    placement.noteUse(0);
    placement.turn(4000);
    expect([placement.stateOf(0), placement.isOutdated(0), placement.stateOf(4)]).toEqual(['degraded', true, 'active']);
    nodes.put(placement, { ...whole, chunkBytes: 10 });
    expect(placement.turn(6000).rotated).toBe(0);
    placement.release(0);
    expect(placement.turn(7000).rotated).toBe(1);
    const again = createPlacement({ nodes: 8, groupSize: 4, windows, rotateMs: 3000 });
    again.restore(placement.snapshot(7000), 0);
    expect(again.snapshot(0).groups).toEqual(placement.snapshot(7000).groups);
  });

  it('makes no other group ready for a worn one that nobody needs', () => {
    const placement = createPlacement({ nodes: 8, groupSize: 4, windows, rotateMs: 3000 });
    const nodes = new Nodes(8);
    nodes.put(placement, { ...whole, chunkBytes: 10 });
    placement.turn(2000);
    expect([placement.turn(3000).rotated, placement.takeReadied()]).toEqual([1, []]);
    expect(groupsOf(placement)).toEqual([[0, 'degraded', [0]]]);
    expect(nodes.put(placement, { ...whole, chunkBytes: 10 })).toEqual([5, 6, 7, 4]);
  });

  it('counts what is read of a window, and of what it was before', () => {
    const [placement, nodes] = [create(8, 4), new Nodes(8)];
    const uses = () =>
      placement.windows().flatMap(({ groups }) => groups.map((group) => [group.uses, group.usesBefore]));
    nodes.put(placement, whole);
    placement.noteUse(0);
    placement.noteUse(1);
    expect(uses()).toEqual([[2, 0]]);
    placement.turn(1000);
    placement.noteUse(1);
    expect(uses()).toEqual([[1, 2]]);
    placement.turn(3000);
    expect(uses()).toEqual([[0, 0]]);
  });

  it('gives what an active node has lost to nodes that are as young, or to a group that it opens', () => {
    const [placement, nodes] = [create(12, 4), new Nodes(12)];
    nodes.put(placement, { ...whole, chunkBytes: 96 });
    placement.turn(1000);
    nodes.put(placement, whole);
    expect(placement.peers(4)).toEqual([4, 5, 6, 7]);
    expect(placement.peers(0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([placement.openNext(0), placement.openNext(0)]).toEqual([true, false]);
    expect(placement.peers(4)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('goes on from a snapshot on another clock', () => {
    const [placement, nodes] = [create(12, 4), new Nodes(12)];
    nodes.put(placement, { ...whole, chunkBytes: 96 });
    placement.turn(3400);
    nodes.put(placement, whole);
    const again = create(12, 4);
    again.restore(placement.snapshot(3400), 50_000);
    expect(groupsOf(again)).toEqual(groupsOf(placement));
    expect(again.nextTurnMs).toBe(50_600);
    again.adopt(9);
    expect(again.stateOf(9)).toBe('active');
    expect(again.snapshot(50_000).groups).toHaveLength(3);
  });

  it('gives every node of the fleet to a group', () => {
    const placement = createPlacement({ nodes: 27, groupSize: 12 });
    while (placement.openNext(0));
    const nodes = placement.windows().flatMap(({ groups }) => groups.flatMap((group) => group.nodes));
    expect(nodes).toEqual(Array.from({ length: 27 }, (_, node) => node));
  });

  it('refuses what can never fit', () => {
    expect(() => createPlacement({ nodes: 0 })).toThrow('at least 1 node');
    expect(() => createPlacement({ nodes: 4, groupSize: 5 })).toThrow('1 to 4 nodes');
    expect(() => createPlacement({ nodes: 4, windows: { ...windows, activeWindows: 0 } })).toThrow('at least 1 window');
    const wish = { chunks: 5, chunkBytes: 1, salt: 0 };
    expect(() => createPlacement({ nodes: 4 }).place(wish, new Nodes(4))).toThrow('do not fit');
  });
});

type Event =
  | { readonly kind: 'put'; readonly chunks: number; readonly chunkBytes: number; readonly salt: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'use'; readonly node: number }
  | { readonly kind: 'clear'; readonly node: number };

const nodesArbitrary = fc.integer({ min: 0, max: 11 });
const eventArbitrary: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    chunks: fc.integer({ min: 1, max: 4 }),
    chunkBytes: fc.integer({ min: 1, max: 60 }),
    salt: fc.nat(),
  }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 4000 }) }),
  fc.record({ kind: fc.constant('use' as const), node: nodesArbitrary }),
  fc.record({ kind: fc.constant('clear' as const), node: nodesArbitrary }),
);

/** Lets the events happen to a fleet whose driver clears and releases as it is told; gives all that was decided. */
function live(events: readonly Event[], check: (placement: Placement, nodes: Nodes) => void): readonly unknown[] {
  const placement = createPlacement({ nodes: 12, groupSize: 4, windows, nowMs: 0, rotateMs: 9000 });
  const nodes = new Nodes(12);
  let nowMs = 0;
  return events.map((event) => {
    let decided: unknown;
    if (event.kind === 'put') decided = nodes.put(placement, event);
    else if (event.kind === 'use') placement.noteUse(event.node);
    else if (event.kind === 'clear') nodes.clear([event.node]);
    else if (event.kind === 'pass') {
      nowMs += event.ms;
      decided = placement.turn(nowMs);
      for (const { nodes: members } of placement.overdue()) nodes.clear(members);
      for (const { group } of placement.empty(nodes)) placement.release(group);
    }
    check(placement, nodes);
    return [decided, groupsOf(placement)];
  });
}

describe('placement, whatever happens', () => {
  it('keeps a fragment’s chunks apart and stays within every cap', () => {
    fc.assert(
      fc.property(fc.array(eventArbitrary, { maxLength: 80 }), (events) => {
        const decided = live(events, (_, nodes) => {
          for (const usedBytes of nodes.used) expect(usedBytes).toBeLessThanOrEqual(100);
        });
        for (const [places] of decided as [unknown][]) {
          if (Array.isArray(places)) expect(new Set(places).size).toBe(places.length);
        }
      }),
    );
  });

  it('has what is placed on groups that are in use, each node in at most one window', () => {
    fc.assert(
      fc.property(fc.array(eventArbitrary, { maxLength: 80 }), (events) => {
        live(events, (placement, nodes) => {
          const used = placement.windows().flatMap(({ groups }) => groups.flatMap((group) => group.nodes));
          expect(new Set(used).size).toBe(used.length);
          for (const [node, bytes] of nodes.used.entries()) if (bytes > 0) expect(used).toContain(node);
        });
      }),
    );
  });

  it('has nothing left a window after the horizon when nothing is touched any more', () => {
    fc.assert(
      fc.property(fc.array(eventArbitrary, { maxLength: 40 }), (events) => {
        const rest = { kind: 'pass', ms: 1000 } as const;
        const decided = live([...events, ...new Array<Event>(8).fill(rest)], () => {});
        expect((decided.at(-1) as [unknown, unknown])[1]).toEqual([]);
      }),
    );
  });

  it('decides the same again', () => {
    fc.assert(
      fc.property(fc.array(eventArbitrary, { maxLength: 40 }), (events) => {
        expect(live(events, () => {})).toEqual(live(events, () => {}));
      }),
    );
  });
});
