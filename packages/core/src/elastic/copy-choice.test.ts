import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CopyView, chooseCopyNode, chooseSource, type SourceLoad } from './copy-choice.ts';

const idle: SourceLoad = { requests: 0, bytes: 0, isBusy: false };
const busy: SourceLoad = { requests: 9, bytes: 9000, isBusy: true };
const source = (node: number, load: SourceLoad, isFetching = false) => ({ node, load, isFetching });

describe('the source of a read', () => {
  test('is the node with least to do, the first of equals, and nobody when all are busy', () => {
    expect(chooseSource([source(1, idle), source(2, idle)])).toBe(1);
    expect(chooseSource([source(1, { ...idle, bytes: 5 }), source(2, idle)])).toBe(2);
    expect(chooseSource([source(1, busy), source(2, { ...idle, bytes: 5 })])).toBe(2);
    expect(chooseSource([source(1, busy), source(2, busy)])).toBeUndefined();
    expect(chooseSource([])).toBeUndefined();
    expect(chooseSource([source(1, idle), source(2, idle)], 2)).toBe(2);
    expect(chooseSource([source(1, idle), source(2, { ...idle, bytes: 5 })], 2)).toBe(1);
  });

  test('is a busy node none the less when that is sending the chunk anyway', () => {
    expect(chooseSource([source(1, idle), source(2, busy, true)])).toBe(2);
  });
});

const groupSize = 4;
const peers = Array.from({ length: 12 }, (_, node) => node);

function viewOf(changes: {
  readonly busy?: readonly number[];
  readonly inUse?: readonly number[];
  readonly full?: readonly number[];
  readonly copyBytes?: Readonly<Record<number, number>>;
}): CopyView {
  return {
    load: (node) => (changes.busy?.includes(node) === true ? busy : idle),
    isInUse: (node) => changes.inUse?.includes(node) === true,
    takes: (node) => changes.full?.includes(node) !== true,
    copyBytes: (node) => changes.copyBytes?.[node] ?? 0,
  };
}

describe('the node of a copy', () => {
  const request = { home: 1, peers, groupSize, mayOpen: true };

  test('is in the column of its home, the one with fewest copies', () => {
    expect(chooseCopyNode(request, viewOf({ busy: [1] }))).toEqual({ kind: 'node', node: 5 });
    expect(chooseCopyNode(request, viewOf({ busy: [1], copyBytes: { 5: 10 } }))).toEqual({ kind: 'node', node: 9 });
    expect(chooseCopyNode(request, viewOf({ busy: [1, 9], full: [5] }))).toEqual({ kind: 'node', node: 0 });
  });

  test('is in another group when most of those that are open are busy', () => {
    const crowded = viewOf({ busy: [0, 1, 2, 3, 5, 6, 9] });
    expect(chooseCopyNode(request, crowded)).toEqual({ kind: 'open' });
    expect(chooseCopyNode({ ...request, mayOpen: false }, crowded)).toEqual({ kind: 'node', node: 4 });
  });

  test('is not one that another reader uses to the full, unless there is no other', () => {
    expect(chooseCopyNode(request, viewOf({ busy: [1], inUse: [5] }))).toEqual({ kind: 'node', node: 9 });
    const crowded = viewOf({ busy: [1], inUse: [0, 2, 3, 4, 5, 6, 9] });
    expect(chooseCopyNode(request, crowded)).toEqual({ kind: 'open' });
    const closed = { ...request, mayOpen: false };
    expect(chooseCopyNode(closed, crowded)).toEqual({ kind: 'node', node: 5 });
    const few = viewOf({ busy: [1], inUse: [5, 9] });
    expect(chooseCopyNode(closed, few)).toEqual({ kind: 'node', node: 0 });
    expect(chooseCopyNode(closed, viewOf({ busy: [1], inUse: peers }))).toEqual({ kind: 'node', node: 5 });
  });

  test('is none when no group is left', () => {
    const full = viewOf({ full: peers });
    expect(chooseCopyNode(request, full)).toEqual({ kind: 'open' });
    expect(chooseCopyNode({ ...request, mayOpen: false }, full)).toEqual({ kind: 'none' });
    expect(chooseCopyNode({ ...request, peers: [], mayOpen: false }, full)).toEqual({ kind: 'none' });
  });

  test('is never its home, nor one that is busy or takes none', () => {
    const nodes = fc.array(fc.integer({ min: 0, max: 11 }));
    fc.assert(
      fc.property(nodes, nodes, fc.integer({ min: 0, max: 11 }), fc.boolean(), (busyOnes, full, home, mayOpen) => {
        const choice = chooseCopyNode({ ...request, home, mayOpen }, viewOf({ busy: busyOnes, full }));
        if (choice.kind === 'node') expect([home, ...busyOnes, ...full]).not.toContain(choice.node);
        if (choice.kind === 'open') expect(mayOpen).toBe(true);
      }),
    );
  });
});
