import { expect, test } from 'vitest';
import { nextTurn } from '../../../../tests/doubles/turns.ts';
import { systemDisk } from './disk.ts';
import { FolderSync } from './folder-sync.ts';

/** Syncs that end when the test says so. */
function heldSyncs() {
  const started: PromiseWithResolvers<void>[] = [];
  const syncFolder = () => {
    const sync = Promise.withResolvers<void>();
    started.push(sync);
    return sync.promise;
  };
  return { started, folders: new FolderSync({ ...systemDisk, syncFolder }) };
}

test('calls during a sync share the next one, never the one under way', async () => {
  const { started, folders } = heldSyncs();
  const settled: string[] = [];
  const note = (name: string) => () => settled.push(name);
  const calls = [folders.sync('/a').then(note('first'))];
  calls.push(folders.sync('/a').then(note('second')), folders.sync('/a').then(note('third')));
  await nextTurn();
  expect(started).toHaveLength(1);
  started[0]?.resolve();
  await nextTurn();
  expect(settled).toEqual(['first']);
  expect(started).toHaveLength(2);
  calls.push(folders.sync('/a').then(note('fourth')));
  started[1]?.resolve();
  await nextTurn();
  expect(settled).toEqual(['first', 'second', 'third']);
  expect(started).toHaveLength(3);
  started[2]?.resolve();
  await Promise.all(calls);
});

test('folders do not wait for each other', async () => {
  const { started, folders } = heldSyncs();
  const calls = [folders.sync('/a'), folders.sync('/b')];
  expect(started).toHaveLength(2);
  for (const sync of started) sync.resolve();
  await Promise.all(calls);
});

test('a failure is told to those who shared it, and the next call tries again', async () => {
  const { started, folders } = heldSyncs();
  const first = folders.sync('/a');
  const shared = [folders.sync('/a'), folders.sync('/a')];
  started[0]?.reject(new Error('first'));
  await expect(first).rejects.toThrow('first');
  await nextTurn();
  started[1]?.reject(new Error('second'));
  for (const call of shared) await expect(call).rejects.toThrow('second');
  const last = folders.sync('/a');
  await nextTurn();
  started[2]?.resolve();
  await last;
});
