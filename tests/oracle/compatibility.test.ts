/** The tables in docs/redis.md and README.md are what the oracle compares; `npm run docs` writes them anew. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commands } from '@sion/proxy';
import { describe, expect, it, test } from 'vitest';
import { serveRespInTest } from '../doubles/resp-front.ts';
import { withPart, writeCompatibility, writeSummary } from './compatibility.ts';
import { missingCommands } from './missing-commands.ts';
import { installedRedis, startRedis } from './redis-server.ts';

test.each([
  ['docs/redis.md', writeCompatibility],
  ['README.md', writeSummary],
] as const)('%s has the table of today', async (name, write) => {
  const page = fileURLToPath(new URL(`../../${name}`, import.meta.url));
  await expect(withPart(readFileSync(page, 'utf8'), write())).toMatchFileSnapshot(page);
});

describe('what is not there', () => {
  const missing = Object.values(missingCommands).flat();

  it('is refused as an unknown command, and the pipeline goes on', async () => {
    const front = await serveRespInTest();
    const client = await front.dial();
    for (const name of missing) {
      client.send(`${name} a b\r\nPING ${name}\r\n`);
      expect(await client.reply()).toBe(`-ERR unknown command '${name}', with args beginning with: 'a' 'b' \r\n`);
      expect(await client.reply()).toBe(`$${name.length}\r\n${name}\r\n`);
    }
  });

  it.skipIf(installedRedis() !== '7.0')('is all that Redis 7.0 has and SION has not', async () => {
    const redis = await startRedis();
    const client = await redis.dial();
    const listed = (await client.call('COMMAND', 'LIST')).split('\r\n').filter((line) => /^[a-z]/.test(line));
    await redis.close();
    const own = new Set(commands.map(({ name }) => name));
    const expected = listed.filter((name) => !name.includes('|') && !own.has(name));
    expect(missing.toSorted()).toEqual(expected.toSorted());
  });
});
