/** Names that no server knows. */
import type { Conversation } from './line.ts';

export const unknown: Conversation = [
  'FOO',
  'FOO a b c',
  'foo "a\\r\\nb" "c\\x00d"',
  `FOO ${'x'.repeat(100)} ${'y'.repeat(100)} z`,
  `${'F'.repeat(200)} ${'x'.repeat(200)} y`,
  '"" a',
  'GET|x a',
];
