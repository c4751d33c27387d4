import { describe, expect, test } from 'vitest';
import type { FileState } from './disk.ts';
import { bindRecord, decodeSidecar, encodeSidecar, findRecord, foreignEtag } from './sidecar.ts';

const state = (inode: bigint, sizeBytes: number, modifiedNs: bigint): FileState => ({
  kind: 'file',
  inode,
  sizeBytes,
  modifiedNs,
});
const old = bindRecord(state(1n, 5, 100n), '"old"', { version: '1.1' });
const fresh = bindRecord(state(2n, 5, 200n), '"new"', { version: '1.2', expiresAtMs: 3, user: { a: '"\n' } });

describe('a record', () => {
  test('is found by its data file', () => {
    expect(findRecord([old, fresh], state(1n, 5, 100n))).toBe(old);
    expect(findRecord([old, fresh], state(2n, 5, 200n))).toBe(fresh);
  });

  test('is found by a copy of its data file', () => {
    expect(findRecord([old, fresh], state(77n, 5, 200n))).toBe(fresh);
  });

  test('is not found by another file, nor by a copy that could be of two', () => {
    expect(findRecord([old, fresh], state(1n, 5, 101n))).toBeUndefined();
    expect(findRecord([old, fresh], state(1n, 6, 100n))).toBeUndefined();
    const twin = bindRecord(state(3n, 5, 100n), '"twin"', {});
    expect(findRecord([old, twin], state(77n, 5, 100n))).toBeUndefined();
    expect(findRecord([old, twin], state(3n, 5, 100n))).toBe(twin);
  });
});

test('records survive their text', () => {
  expect(decodeSidecar(encodeSidecar([old, fresh]), 'x')).toEqual([old, fresh]);
});

test.each(['', '{', '[]', '{"format":2,"records":[]}', '{"format":1,"records":[{}]}', '{"format":1}'])(
  'a damaged file is told with its path: %j',
  (text) => {
    expect(() => decodeSidecar(Buffer.from(text), '/store/.sion/meta/a')).toThrow(
      expect.objectContaining({ code: 'corrupt', message: expect.stringContaining('/store/.sion/meta/a') }),
    );
  },
);

test('the ETag of a file without a record shows every change of it', () => {
  const etags = [state(1n, 5, 100n), state(2n, 5, 100n), state(1n, 6, 100n), state(1n, 5, 101n)].map(foreignEtag);
  expect(new Set(etags).size).toBe(4);
  expect(etags[0]).toMatch(/^"[0-9a-fx-]+"$/);
});
