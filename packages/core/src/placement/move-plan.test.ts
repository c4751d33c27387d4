import { expect, it } from 'vitest';
import { type MoveView, planMove } from './move-plan.ts';

const view: MoveView = {
  dataChunks: 2,
  held: [true, false, true],
  outdated: [true, true, true],
  filled: [true, true, true],
  isPassing: false,
  isInStore: true,
};

it.each<[string, Partial<MoveView>, readonly (readonly [number, string])[]]>([
  [
    'from the bytes that pass by, whatever is held',
    { isPassing: true },
    [
      [0, 'passing'],
      [1, 'passing'],
      [2, 'passing'],
    ],
  ],
  [
    'data from the store, parity from its node',
    {},
    [
      [0, 'store'],
      [1, 'store'],
      [2, 'node'],
    ],
  ],
  [
    'from their nodes what the store does not have',
    { isInStore: false },
    [
      [0, 'node'],
      [2, 'node'],
    ],
  ],
  ['not what lies far enough in front', { outdated: [false, true, false] }, [[1, 'store']]],
  [
    'not what has no bytes',
    { filled: [true, false, true] },
    [
      [0, 'store'],
      [2, 'node'],
    ],
  ],
])('moves %s', (_, change, expected) => {
  expect(planMove({ ...view, ...change }).map(({ index, source }) => [index, source])).toEqual(expected);
});
