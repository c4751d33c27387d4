/** The front with the unmodified `redis-cli`, as in the README: values from a file, both versions, the interactive mode. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RespFront, serveResp } from '../doubles/resp-front.ts';

const isInstalled = spawnSync('redis-cli', ['--version']).status === 0;

describe.skipIf(!isInstalled)(`redis-cli${isInstalled ? '' : ' (skipped: it is not installed)'}`, () => {
  let front: RespFront;

  beforeAll(async () => {
    front = await serveResp({ settings: { streamThresholdBytes: 64 * 1024, pieceBytes: 256 * 1024 } });
  });

  afterAll(() => front.close());

  function cli(args: readonly string[], input: Uint8Array | string = ''): Promise<Buffer> {
    const child = spawn('redis-cli', ['-p', String(front.server.port), ...args]);
    const pieces: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => resolve(Buffer.concat(pieces)));
    });
  }

  describe.each(['-2', '-3'])('%s', (version) => {
    it.each([0, 1, 1000, 1_000_000, 20_000_000])('sets and gets %i bytes', async (length) => {
      const value = Buffer.from(Uint32Array.from({ length: Math.ceil(length / 4) }, (_, at) => at * 2654435761).buffer);
      const bytes = value.subarray(0, length);
      expect((await cli([version, '-x', 'SET', 'k'], bytes)).toString()).toBe('OK\n');
      // Without a terminal it prints the bytes as they are, and a line end.
      const got = await cli([version, 'GET', 'k']);
      expect(got.length).toBe(length + 1);
      expect(digest(got.subarray(0, -1))).toBe(digest(bytes));
    });

    it('looks through the keys', async () => {
      const keys = Array.from({ length: 35 }, (_, at) => `scan:${at}`);
      await cli([version, 'MSET', ...keys.flatMap((key) => [key, 'value'])]);
      const scanned = (await cli([version, '--scan', '--pattern', 'scan:*'])).toString().trim().split('\n');
      expect(scanned.toSorted()).toEqual(keys.toSorted());
      expect((await cli([version, '--bigkeys'])).toString()).toContain('Biggest string found');
      expect((await cli([version, '--memkeys'])).toString()).toContain('Biggest string found');
      await cli([version, 'DEL', ...keys]);
    });

    it('talks', async () => {
      const text = (await cli([version], 'SET talk 41\nINCR talk\nGET nothing\nFOO a\nTTL talk\n')).toString();
      expect(text).toBe("OK\n42\n\nERR unknown command 'FOO', with args beginning with: 'a' \n\n-1\n");
    });
  });
});

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
