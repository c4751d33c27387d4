/**
 * The end of a run, when nothing disturbs any more: every key is read back over both protocols, takes a write, and lies
 * in the store as plain bytes. What is read is part of the history, which is judged as a whole afterwards.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fleet } from './fleet.ts';
import { pause } from './fleet.ts';
import { familyOf } from './keys.ts';
import type { LoadClient, LoadWorld } from './load.ts';
import type { ChaosClient } from './requests.ts';

/** In calm, everything must be answered within this time. */
const patienceMs = 60_000;

/** Reads every key with each of these, and writes to every third; gives how many reads were answered. */
export async function readBack(
  world: LoadWorld,
  readers: readonly LoadClient[],
  keys: readonly string[],
): Promise<number> {
  const [first] = readers;
  let answered = 0;
  const insist = async (what: string, act: () => Promise<boolean>) => {
    const deadlineMs = performance.now() + patienceMs;
    while (!(await act())) {
      if (performance.now() > deadlineMs)
        return world.problem({ kind: 'calm', text: `${what} is not answered in calm` });
      await pause(100);
    }
    answered++;
  };
  await inTurn(keys, async (key, index) => {
    if (first !== undefined && index % 3 === 0 && familyOf(key) !== 'huge') {
      await insist(`a write to ${key}`, () => first.write(key));
    }
    await Promise.all(readers.map((reader) => insist(`a read of ${key}`, () => reader.get(key))));
  });
  return answered;
}

/**
 * Compares the store's files with what `reader` finds; gives how many files there were. To be called in calm: what the
 * journal has to bring to the store yet is waited for.
 */
export async function checkFiles(
  world: LoadWorld,
  fleet: Fleet,
  reader: ChaosClient,
  keys: readonly string[],
): Promise<number> {
  const folder = join(fleet.dataDir, 'store');
  await inTurn(keys, async (key) => {
    const deadlineMs = performance.now() + patienceMs;
    for (;;) {
      const fault = await faultOf(world, folder, reader, key);
      if (fault === undefined) return;
      if (performance.now() > deadlineMs) return world.problem({ kind: 'store-file', text: `${key}: ${fault}` });
      await pause(200);
    }
  });
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  const known = new Set(keys);
  for (const name of names.filter((each) => !known.has(each))) {
    world.problem({ kind: 'store-file', text: `the file ${name} is of no key that was ever written` });
  }
  return names.length;
}

/** What is wrong with the file of a key, or missing. */
async function faultOf(
  world: LoadWorld,
  folder: string,
  reader: ChaosClient,
  key: string,
): Promise<string | undefined> {
  const value = await reader.get(key);
  const bytes = await readFile(join(folder, key)).catch(() => undefined);
  if (value !== undefined && bytes !== undefined) {
    return bytes.equals(value) ? undefined : `its file of ${bytes.length} bytes is not what is read`;
  }
  // An expired one may lie there until it is swept; what expires in between is read and then gone.
  if (familyOf(key) === 'fleeting') return undefined;
  if (value === undefined) return bytes === undefined ? undefined : 'it is deleted, and its file is there';
  const mayBeVolatile = world.volatileKeys.has(key);
  return mayBeVolatile ? undefined : `it has ${value.length} bytes, and the store has no file`;
}

/** All of them, a few at a time. */
async function inTurn(keys: readonly string[], act: (key: string, index: number) => Promise<void>): Promise<void> {
  const waiting = [...keys.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await act(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: 8 }, work));
}
