import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillPayload, findPayloadError, payloadOf, payloadSeed } from './payload.ts';

describe('a payload', () => {
  it('is the same bytes at every offset and alignment', () => {
    const whole = payloadOf('k', 3, 5000);
    fc.assert(
      fc.property(fc.nat(4000), fc.nat(1000), fc.nat(3), (offset, length, shift) => {
        const target = new Uint8Array(length + shift).subarray(shift);
        fillPayload(target, payloadSeed('k', 3), offset);
        expect(Buffer.compare(target, whole.subarray(offset, offset + length))).toBe(0);
      }),
    );
  });

  it('differs from key to key, version to version and word to word', () => {
    const texts = [payloadOf('a', 1, 64), payloadOf('a', 2, 64), payloadOf('b', 1, 64), payloadOf('a', 11, 64)];
    expect(new Set(texts.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(texts.length);
    const words = new Uint32Array(payloadOf('a', 1, 400_000).buffer);
    expect(new Set(words).size).toBeGreaterThan(words.length * 0.99);
  });

  it('tells the first wrong byte', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200_000 }), fc.nat(), fc.nat(1_000_000), (length, pick, offset) => {
        const bytes = new Uint8Array(length);
        fillPayload(bytes, 7, offset);
        expect(findPayloadError(bytes, 7, offset)).toBeUndefined();
        const wrong = pick % length;
        bytes[wrong] = (bytes[wrong] ?? 0) ^ 1;
        expect(findPayloadError(bytes, 7, offset)).toBe(offset + wrong);
      }),
      { numRuns: 30 },
    );
  });

  it('goes on beyond 16 GiB', () => {
    const far = new Uint8Array(64);
    fillPayload(far, 7, 2 ** 34);
    const near = new Uint8Array(64);
    fillPayload(near, 7, 0);
    expect(Buffer.compare(far, near)).not.toBe(0);
  });
});
