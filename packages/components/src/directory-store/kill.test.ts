/** A writer killed at any moment leaves each object wholly one version, not older than what it acknowledged. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Store } from '../store.ts';
import { systemRandom } from '../system/random.ts';
import { openDirectoryStore } from './directory-store.ts';
import { readAll } from './objects.test-data.ts';

const script = fileURLToPath(new URL('./endless-writer.test-data.ts', import.meta.url));
const names = ['a', 'b/c', 'd'.repeat(300)];

/** What a killed writer said last of each name. */
interface LastWords {
  /** The version of the last change that was acknowledged, or stood there before; `-` = deleted. */
  readonly acknowledged: Map<string, string>;
  /** The version that was being written. */
  readonly began: Map<string, number>;
}

/** Lets a writer write until it has acknowledged so many changes, kills it, and reads what it still said. */
async function writeAndKill(
  root: string,
  firstVersion: number,
  changes: number,
  acknowledged: Map<string, string>,
): Promise<LastWords> {
  const child = spawn(process.execPath, [script, root, String(firstVersion)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const words: LastWords = { acknowledged, began: new Map() };
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [name = '', version = '', began] = line.split(' ');
    if (began === undefined) words.acknowledged.set(name, version);
    else words.began.set(name, Number(version));
    count += began === undefined ? 1 : 0;
    if (count === changes) child.kill('SIGKILL');
  }
  await ended;
  return words;
}

async function expectWhole(store: Store, name: string, words: LastWords): Promise<void> {
  const found = await readAll(store, name);
  const acknowledged = words.acknowledged.get(name) ?? '-';
  const underway = words.began.get(name) ?? 0;
  if (found === undefined) {
    // Deleted: by the last acknowledged change, or by the one under way.
    expect(acknowledged === '-' || underway % 5 === 0).toBe(true);
    return;
  }
  const [bytes, { version = '', crc32: sum }] = found;
  const number = Math.floor(Number(version));
  expect(crc32(bytes)).toBe(sum);
  expect(bytes.equals(Buffer.alloc(1 + ((number * 7919) % 300_000), number % 251))).toBe(true);
  expect([acknowledged, `${underway}`, `${underway}.1`]).toContain(version);
}

test('a killed writer leaves every object whole, and nothing of its own', async () => {
  const root = await mkdtemp(join(tmpdir(), 'sion-kill-'));
  try {
    await (await openDirectoryStore({ root, create: true, random: systemRandom })).close();
    const standing = new Map<string, string>();
    for (let round = 0; round < 6; round += 1) {
      const words = await writeAndKill(root, 1 + round * 1000, 5 + round * 7, standing);
      const store = await openDirectoryStore({ root, create: false, random: systemRandom });
      for (const name of names) await expectWhole(store, name, words);
      await store.claim();
      for (const name of names) {
        await expectWhole(store, name, words);
        standing.set(name, (await store.head(name))?.metadata.version ?? '-');
      }
      expect(await readdir(join(root, '.sion', 'writers'))).toHaveLength(1);
      await store.close();
      expect(await readdir(join(root, '.sion', 'writers'))).toEqual([]);
      expect(await readdir(join(root, '.sion', 'revoked'))).toEqual([]);
    }
  } finally {
    await rm(root, { recursive: true });
  }
});
