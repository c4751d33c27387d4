import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Payload, PayloadVerifier, payloadOf } from './payload.ts';

const mib = 1024 * 1024;

describe('payloads', () => {
  test('are the same for ever', () => {
    expect(Buffer.from(payloadOf('user:42', 1, 19)).toString('hex')).toBe('72852b3d5f37e18603aa274dc5f5f2a4bd0a4e');
    const far = new Payload({ key: 'user:42', version: 1, sizeBytes: 2 ** 36 });
    expect(Buffer.from(far.slice(2 ** 35 - 3, 2 ** 35 + 5)).toString('hex')).toBe('6b72421028662283');
  });

  test('a counter and its text name the same version', () => {
    expect(payloadOf('k', '7', 100)).toEqual(payloadOf('k', 7, 100));
  });

  test('any part is the same whatever its place and alignment in memory', () => {
    const payload = new Payload({ key: 'k', version: 3, sizeBytes: 9 * mib });
    const whole = Buffer.from(payload.slice(0, payload.sizeBytes));
    const nearStretches = fc.tuple(fc.constantFrom(0, 4 * mib, 8 * mib), fc.integer({ min: -40, max: 40 }));
    fc.assert(
      fc.property(nearStretches, fc.nat(80), fc.nat(7), ([middle, by], length, shift) => {
        const offset = Math.max(0, middle + by);
        const target = new Uint8Array(shift + length + 5).fill(0xee);
        payload.fill(target.subarray(shift, shift + length), offset);
        const part = whole.subarray(offset, offset + length);
        expect(Buffer.compare(target.subarray(shift, shift + length), part)).toBe(0);
        expect([...target.subarray(0, shift), ...target.subarray(shift + length)].every((byte) => byte === 0xee)).toBe(
          true,
        );
      }),
    );
    const pieces = Buffer.concat([...payload.pieces(1_000_003)]);
    expect(Buffer.compare(pieces, whole)).toBe(0);
    expect(Buffer.compare(Buffer.concat([...payload.pieces(7, 100, 200)]), whole.subarray(100, 200))).toBe(0);
  });

  test('differ by key, version, size and place', () => {
    const texts = [
      payloadOf('a', 1, 64),
      payloadOf('b', 1, 64),
      payloadOf('a', 2, 64),
      payloadOf('a', 12, 64),
      payloadOf('a1', 2, 64),
      payloadOf('a', 1, 65).subarray(0, 64),
    ];
    const large = new Payload({ key: 'a', version: 1, sizeBytes: 64 * mib });
    for (let stretch = 0; stretch < 16; stretch++) texts.push(large.slice(stretch * 4 * mib, stretch * 4 * mib + 64));
    expect(new Set(texts.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(texts.length);
    const words = new Uint32Array(payloadOf('a', 1, mib).buffer);
    expect(new Set(words).size).toBe(words.length);
  });

  test('use all bytes alike', () => {
    const counts = new Array<number>(256).fill(0);
    for (const byte of payloadOf('spread', 1, 256 * 1_000)) counts[byte] = (counts[byte] ?? 0) + 1;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1_150);
  });

  test('refuse parts that are not there, and impossible sizes', () => {
    const payload = new Payload({ key: 'k', version: 1, sizeBytes: 10 });
    expect(() => payload.slice(5, 11)).toThrow(RangeError);
    expect(() => payload.fill(new Uint8Array(1), -1)).toThrow(RangeError);
    expect(() => new Payload({ key: 'k', version: 1, sizeBytes: -1 })).toThrow(RangeError);
    expect(() => new Payload({ key: 'k', version: 1, sizeBytes: 1.5 })).toThrow(RangeError);
    expect(payload.slice(10, 10).length).toBe(0);
  });
});

describe('verifying', () => {
  const sizeBytes = 150_000;
  const payload = new Payload({ key: 'k', version: 1, sizeBytes });

  test('accepts the right bytes in any pieces, and finds the first wrong one', () => {
    const anyCuts = fc.array(fc.nat(sizeBytes), { maxLength: 6 });
    const anyFault = fc.option(fc.nat(sizeBytes - 1), { nil: undefined });
    fc.assert(
      fc.property(anyCuts, anyFault, fc.nat(1_000), (cuts, fault, after) => {
        const bytes = payload.slice(0, sizeBytes);
        const expected = fault === undefined ? undefined : bytes[fault];
        if (fault !== undefined) bytes[fault] = (expected ?? 0) ^ 0x40;
        const alsoWrong = (fault ?? 0) + 1 + after;
        if (fault !== undefined && alsoWrong < sizeBytes) bytes[alsoWrong] = (bytes[alsoWrong] ?? 0) ^ 1;
        const verifier = new PayloadVerifier(payload);
        const ends = [...cuts, sizeBytes].sort((a, b) => a - b);
        for (const [at, end] of ends.entries()) verifier.add(bytes.subarray(ends[at - 1] ?? 0, end));
        const wrong = fault === undefined ? undefined : { offset: fault, expected, actual: (expected ?? 0) ^ 0x40 };
        expect(verifier.finish()).toEqual(wrong);
      }),
      { numRuns: 50 },
    );
  });

  test('tells missing bytes and bytes too many', () => {
    const bytes = payload.slice(0, sizeBytes);
    const short = new PayloadVerifier(payload);
    short.add(bytes.subarray(0, 70_000));
    expect(short.wrong).toBeUndefined();
    expect(short.finish()).toEqual({ offset: 70_000, expected: bytes[70_000], actual: undefined });
    const long = new PayloadVerifier(payload);
    long.add(bytes);
    long.add(Uint8Array.of(9));
    expect(long.finish()).toEqual({ offset: sizeBytes, expected: undefined, actual: 9 });
  });

  test('verifies a range on its own', () => {
    const verifier = new PayloadVerifier(payload, 101, 70_002);
    verifier.add(payload.slice(101, 70_002));
    expect(verifier.finish()).toBeUndefined();
    expect(payload.check(payload.slice(101, 500), 101)).toBeUndefined();
    expect(payload.check(payload.slice(102, 500), 101)?.offset).toBe(101);
  });

  test('an empty payload is right when nothing comes', () => {
    const verifier = new PayloadVerifier(new Payload({ key: 'k', version: 1, sizeBytes: 0 }));
    expect(verifier.finish()).toBeUndefined();
    verifier.add(Uint8Array.of(1));
    expect(verifier.finish()).toEqual({ offset: 0, expected: undefined, actual: 1 });
  });
});
