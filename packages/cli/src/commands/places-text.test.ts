import { expect, test } from 'vitest';
import { describePlaces } from './places-text.ts';

const node = (index: number) => `sion-node-${String(index).padStart(3, '0')}`;

test('fragments on the same functions are told together, within 80 columns', () => {
  const chunks = Array.from({ length: 12 }, (_, index) => node(index));
  const other = [null, ...chunks.slice(1)];
  const places = {
    ...{ version: '1.6', dataChunks: 10, parityChunks: 2, complete: false },
    fragments: [chunks, chunks, other, chunks],
  };
  const names = [
    '            sion-node-004 sion-node-005 sion-node-006 sion-node-007',
    '            sion-node-008 sion-node-009',
    '    parity  sion-node-010 sion-node-011',
  ];
  expect(describePlaces(places).split('\n')).toEqual([
    'version 1.6 · 10 data and 2 parity chunks per fragment · chunks that no function holds: —',
    '  fragments 0 to 1',
    '    data    sion-node-000 sion-node-001 sion-node-002 sion-node-003',
    ...names,
    '  fragment 2',
    '    data    —             sion-node-001 sion-node-002 sion-node-003',
    ...names,
    '  fragment 3',
    '    data    sion-node-000 sion-node-001 sion-node-002 sion-node-003',
    ...names,
  ]);
});

test('a small object is one fragment; an empty one has none', () => {
  const small = { version: '1.1', dataChunks: 1, parityChunks: 1, fragments: [['a', 'b']], complete: true };
  expect(describePlaces(small)).toBe(
    'version 1.1 · 1 data and 1 parity chunks per fragment · all chunks in memory\n  fragment 0\n    data    a\n    parity  b',
  );
  expect(describePlaces({ ...small, fragments: [] }).split('\n')).toHaveLength(1);
  expect(
    describePlaces({ ...small, fragments: [[]] })
      .split('\n')
      .at(-1),
  ).toBe('  fragment 0: not in memory');
});

test('an object that is too large for memory is told of as such', () => {
  const bypassed = { sizeBytes: 8 * 2 ** 30, maxPlacedBytes: 2 ** 30 };
  const places = { version: '1.7', dataChunks: 0, parityChunks: 0, fragments: [], complete: false, bypassed };
  expect(describePlaces(places).split('\n')).toEqual([
    'version 1.7 · 8.0 GiB, above SION_MAX_PLACED_BYTES (1.0 GiB):',
    'it goes past memory, and reads of it come from the store',
  ]);
});
