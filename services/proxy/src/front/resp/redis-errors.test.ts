import { readFileSync } from 'node:fs';
import { errorCodes, SionError } from '@sion/wire';
import { describe, expect, it } from 'vitest';
import { errorPrefixes, ReplyError, replyOfError, unknownCommand } from './redis-errors.ts';

const documented = readFileSync(new URL('../../../../../docs/errors.md', import.meta.url), 'utf8');

describe('error replies', () => {
  it.each(errorCodes)('of %s have the prefix that docs/errors.md says', (code) => {
    expect(documented).toContain(`| \`${errorPrefixes[code]}\` | \`${code}\` |`);
    const reply = replyOfError(new SionError(code, 'why'));
    expect(reply).toMatchObject({ kind: 'error', text: expect.stringMatching(`^${errorPrefixes[code]} `) });
  });

  it('keep the text of defects for the log', () => {
    const reply = replyOfError(new Error('secret'));
    expect(JSON.stringify(reply)).not.toContain('secret');
  });

  it('give Redis’s texts as they are, and Unicode as UTF-8', () => {
    expect(replyOfError(new ReplyError('NOPROTO x'))).toEqual({ kind: 'error', text: 'NOPROTO x' });
    const reply = replyOfError(new SionError('capacity', 'käse'));
    expect(reply).toEqual({ kind: 'error', text: 'CAPACITY kÃ¤se' });
  });

  it('repeat the first 128 characters of arguments', () => {
    const args = ['foo', 'a'.repeat(100), 'b'.repeat(100), 'c'].map((text) => Buffer.from(text));
    expect(unknownCommand(args).message).toBe(
      `ERR unknown command 'foo', with args beginning with: '${'a'.repeat(100)}' '${'b'.repeat(25)}' `,
    );
  });
});
