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

/** Compares the store's files with what `reader` finds; gives how many files there were. To be called in calm. */
export async function checkFiles(
  world: LoadWorld,
  fleet: Fleet,
  reader: ChaosClient,
  keys: readonly string[],
): Promise<number> {
  const folder = join(fleet.dataDir, 'store');
  const present = new Set((await readdir(folder)).filter((name) => !name.startsWith('.')));
  const fault = (text: string) => world.problem({ kind: 'store-file', text });
  await inTurn(keys, async (key) => {
    const value = await reader.get(key);
    const bytes = await readFile(join(folder, key)).catch(() => undefined);
    present.delete(key);
    if (value === undefined) {
      // An expired one may lie there until it is swept.
      if (bytes !== undefined && familyOf(key) !== 'fleeting') fault(`${key} is deleted, and its file is there`);
    } else if (bytes === undefined) {
      if (familyOf(key) !== 'fleeting') fault(`${key} has ${value.length} bytes, and the store has no file`);
    } else if (!bytes.equals(value)) fault(`${key}: its file of ${bytes.length} bytes is not what is read`);
  });
  for (const name of present) fault(`the file ${name} is of no key that was ever written`);
  return (await readdir(folder)).length;
}

/** All of them, a few at a time. */
async function inTurn(keys: readonly string[], act: (key: string, index: number) => Promise<void>): Promise<void> {
  const waiting = [...keys.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await act(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: 8 }, work));
}
