import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { combineCrc32 } from './crc32-combine.ts';

it('is the checksum of the joined bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.uint8Array({ maxLength: 3000 }), (a, b) => {
      expect(combineCrc32(crc32(a), crc32(b), b.length)).toBe(crc32(Buffer.concat([a, b])));
    }),
  );
});

it('is so for parts of any number and great length', () => {
  const part = Buffer.alloc(1_000_003, 'letters');
  let combined = 0;
  let whole = 0;
  for (let count = 0; count < 20; count++) {
    combined = combineCrc32(combined, crc32(part), part.length);
    whole = crc32(part, whole);
  }
  expect(combined).toBe(whole);
});

it('of what is longer than 32 bits can count is as if it came in parts', () => {
  const [first, second, third] = [0x1234_5678, 0x9abc_def0, 0x0fed_cba9];
  const length = 3 * 2 ** 31;
  const inParts = combineCrc32(combineCrc32(first, second, length), third, length);
  expect(combineCrc32(first, combineCrc32(second, third, length), 2 * length)).toBe(inParts);
});
