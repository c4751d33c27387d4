import { expect, it } from 'vitest';
import { bufferCodec, decodeValue, encodeValue, jsonCodec, stringCodec } from './codec.ts';

it('bytes are handed on as they are', () => {
  const bytes = new Uint8Array([1, 2, 3]).subarray(1);
  expect(encodeValue(bufferCodec, 'k', bytes)).toEqual(Buffer.from([2, 3]));
  expect(encodeValue(bufferCodec, 'k', 'ü')).toEqual(Buffer.from([0xc3, 0xbc]));
});

it('text and JSON come back as they went', () => {
  expect(decodeValue(stringCodec, 'k', encodeValue(stringCodec, 'k', 'ü€𝄞'))).toBe('ü€𝄞');
  for (const value of [null, 0, '', [1, { a: 'ü' }]]) {
    expect(decodeValue(jsonCodec(), 'k', encodeValue(jsonCodec(), 'k', value))).toEqual(value);
  }
  expect(decodeValue(jsonCodec(), 'k', null)).toBeNull();
});

it('what neither encodes nor decodes is told with its key', () => {
  const told = (text: string) => expect.objectContaining({ code: 'invalid', message: expect.stringContaining(text) });
  expect(() => decodeValue(jsonCodec(), 'user:1', Buffer.from('{'))).toThrow(told('"user:1" does not decode'));
  expect(() => encodeValue(jsonCodec(), 'user:1', undefined)).toThrow(told('"user:1" does not encode'));
  const picky = jsonCodec((value) => {
    if (typeof value !== 'number') throw new TypeError('a number was expected');
    return value;
  });
  expect(decodeValue(picky, 'k', Buffer.from('5'))).toBe(5);
  expect(() => decodeValue(picky, 'k', Buffer.from('"5"'))).toThrow(told('a number was expected'));
});
