import { expect, test } from 'vitest';
import { readClientContext } from './client-context.ts';

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

test.each([
  ['an object', '{"custom": {"a": 1}}', { custom: { a: 1 } }],
  ['any character', '{"ключ": "🔑\\n\u007f"}', { ключ: '🔑\n\u007f' }],
])('%s becomes JSON that a header can hold', (_what, text, value) => {
  const read = readClientContext(base64(text));
  if (read.kind !== 'read') throw new Error(read.message);
  expect(read.json).toMatch(/^[ -~]+$/);
  expect(JSON.parse(read.json)).toEqual(value);
});

test.each([
  ['no JSON', base64('a\r\nX-Evil: 1')],
  ['no object', base64('[1]')],
  ['null', base64('null')],
  ['no base64', '%%%%'],
])('%s is refused', (_what, header) => {
  expect(readClientContext(header)).toEqual({
    kind: 'wrong',
    message: 'Client context must be a valid Base64-encoded JSON object',
  });
});

test('a long one is refused with the limit', () => {
  expect(readClientContext(base64(`{"a":"${'x'.repeat(2700)}"}`))).toMatchObject({
    kind: 'wrong',
    message: 'Client context must be at most 3583 bytes of base64, this one has 3612',
  });
});
