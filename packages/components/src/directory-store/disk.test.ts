import { expect, test } from 'vitest';
import { unchanged } from './disk.ts';

test.each([
  ['ENOSPC', 'capacity', 'Free space'],
  ['EMFILE', 'unavailable', 'ulimit -n'],
  ['EROFS', 'unavailable', 'Mount the file system for writing'],
  ['EIO', 'unavailable', 'Check that the folder is there'],
])('%s is told with its remedy', (errno, code, remedy) => {
  const error = unchanged('read the object k', Object.assign(new Error('open'), { code: errno }));
  expect(error.code).toBe(code);
  expect(error.message).toContain(`Could not read the object k: `);
  expect(error.message).toContain(remedy);
});
