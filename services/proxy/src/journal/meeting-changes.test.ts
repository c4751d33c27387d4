/** Changes of one name that meet: with the store's answer to the one before, or with a crash between the two. */
import { silentLog, VirtualStore, type VirtualStoreRequest } from '@sion/components';
import { SionError } from '@sion/wire';
import { expect, test } from 'vitest';
import { bytesOf, JournalWorld } from './journal-world.test-data.ts';
import { openJournaling } from './open-journaling.ts';

/** Requests of kind `before` wait until the gate is opened before they do anything, those of kind `after` with their reply. */
function openWorld(gated: { readonly before?: VirtualStoreRequest; readonly after?: VirtualStoreRequest }) {
  const world = new JournalWorld('meeting changes');
  const gate = Promise.withResolvers<void>();
  const waitOf = (kind?: VirtualStoreRequest) => async (request: VirtualStoreRequest) => {
    if (request === kind) await gate.promise;
  };
  const hooks = { before: waitOf(gated.before), after: waitOf(gated.after) };
  const store = new VirtualStore({ wallMs: () => 0, hooks });
  let [counter, retries] = [0, 0];
  const version = () => `1.${++counter}`;
  const metrics = { countDrained: () => {}, countDrainRetry: () => retries++, countJournalFull: () => {} };
  const drain = { quarantineMs: 1_000, concurrency: 4, retryBaseMs: 10, retryMaxMs: 100, wholeMaxBytes: 1 << 20 };
  const told: [string, unknown][] = [];
  const log = { ...silentLog, info: (event: string, fields?: unknown) => void told.push([event, fields]) };
  const start = async () => {
    const { files, process, random } = world;
    const opening = openJournaling({
      ...{ clock: process.clock, random, log, files, store, metrics, nextVersion: version },
      lease: { isHeld: () => true },
      settings: { journal: world.settings, drain, confirmMs: 1_000, closeMs: 1_000 },
    });
    const journaled = await world.settle(opening);
    return { ...journaled.over(store), journaled };
  };
  return { world, store, version, start, openGate: () => gate.resolve(), retries: () => retries, told };
}

test('a delete that is noted while the store confirms the put before it deletes that', async () => {
  const { world, store, version, start, openGate } = openWorld({ before: 'put' });
  const { deferred, durable } = await start();
  await world.settle(deferred.put('k', Buffer.from('value'), { version: version() }, { kind: 'absent' }));
  const seen = await world.settle(durable.head('k'));
  if (seen === undefined) throw new Error('the put is not seen');
  const deleting = deferred.delete(seen);
  openGate();
  expect(await world.settle(deleting)).toEqual({ kind: 'deleted', by: 'journal' });
  expect(await world.settle(durable.head('k'))).toBeUndefined();
  await world.pass(5_000);
  expect(await world.settle(store.head('k'))).toBeUndefined();
  expect(await world.settle(durable.head('k'))).toBeUndefined();
});

test('a change of the expiry that is noted while the store confirms the one before keeps the size', async () => {
  const { world, store, version, start, openGate } = openWorld({ before: 'metadata' });
  const metadata = { version: version() };
  const { deferred, durable, journaled } = await start();
  const sizes: unknown[] = [];
  journaled.onDrained = (_, seenAs, drained) => sizes.push([seenAs?.sizeBytes, drained?.sizeBytes]);
  await world.settle(store.put('k', Buffer.from('value'), metadata, { kind: 'absent' }));
  const object = await world.settle(durable.head('k'));
  if (object === undefined) throw new Error('the object is not seen');
  await world.settle(deferred.replaceMetadata(object, { ...metadata, expiresAtMs: 5_000_000 }));
  const expiring = await world.settle(durable.head('k'));
  const persisting = durable.replaceMetadata('k', expiring?.etag ?? '', metadata);
  openGate();
  expect(await world.settle(persisting)).toMatchObject({ kind: 'written' });
  expect(sizes).toEqual([
    [5, 5],
    [5, 5],
  ]);
  expect(await world.settle(durable.head('k'))).toMatchObject({ sizeBytes: 5, metadata });
});

test('a put that is replaced while the store is asked what it has is no failure of the drain', async () => {
  const { world, store, version, start, openGate, retries } = openWorld({ before: 'head' });
  const { deferred } = await start();
  const first = { version: version() };
  const written = await world.settle(deferred.put('k', Buffer.from('first'), first, { kind: 'unknown' }));
  const etag = written.kind === 'written' ? written.etag : '';
  const second = { version: version() };
  await world.settle(deferred.put('k', Buffer.from('second'), second, { kind: 'match', etag }));
  openGate();
  await world.pass(5_000);
  expect(await world.settle(store.head('k'))).toMatchObject({ sizeBytes: 6, metadata: second });
  expect(retries()).toBe(0);
});

test('an object whose metadata the store had changed before a crash is read at once afterwards', async () => {
  const { world, store, version, start } = openWorld({ after: 'metadata' });
  const metadata = { version: version() };
  await world.settle(store.put('k', Buffer.from('value'), metadata, { kind: 'absent' }));
  const { deferred, durable } = await start();
  const object = await world.settle(durable.head('k'));
  if (object === undefined) throw new Error('the object is not seen');
  const changed = { ...metadata, expiresAtMs: 5_000_000 };
  expect(await world.settle(deferred.replaceMetadata(object, changed))).toMatchObject({ kind: 'written' });
  await world.pass(100);
  expect((await world.settle(store.head('k')))?.etag).not.toBe(object.etag);
  world.die('process');
  const next = await start();
  const got = await world.settle(next.durable.get('k'));
  if (got.kind !== 'hit') throw new Error(`it is ${got.kind}`);
  expect(got.object.metadata).toEqual(changed);
  expect(Buffer.from(await world.settle(bytesOf(got.body))).toString()).toBe('value');
});

test('after a crash, what the store has is told apart from what waits for it, and no stop waits for that', async () => {
  const { world, version, start, told } = openWorld({});
  const first = await start();
  const write = { version: version() };
  await world.settle(first.deferred.put('k', Buffer.from('value'), write, { kind: 'absent' }));
  world.die('process');
  const { journaled } = await start();
  expect(journaled.depth).toMatchObject({ names: 1, storedNames: 0, keptUntilMs: undefined });
  await world.pass(500);
  expect(journaled.depth).toMatchObject({ names: 1, storedNames: 1, keptUntilMs: expect.any(Number) });
  await world.settle(journaled.close());
  expect(told.at(-1)).toEqual(['journal-closed', { names: 0, inMemoryAlone: 0 }]);
});

test('a stop says how many keys it waits for', async () => {
  const { world, version, start, told } = openWorld({ before: 'put' });
  const { deferred, journaled } = await start();
  await world.settle(deferred.put('k', Buffer.from('value'), { version: version() }, { kind: 'absent' }));
  void journaled.close();
  await world.pass(900);
  expect(told.at(-1)).toEqual(['journal-stop-waits', { names: 1, atMostMs: 1_000 }]);
});

test('a read beside an upload over what is in the store with other metadata gives the bytes of one version', async () => {
  const { world, store, version, start } = openWorld({});
  const realPut = store.put.bind(store);
  // The first attempt of the drain is given up, so that whatever is in the store stays guarded.
  let isFirst = true;
  store.put = async (...request) => {
    if (!isFirst) return await realPut(...request);
    isFirst = false;
    throw new SionError('indeterminate', 'no answer in time');
  };
  const { deferred, durable } = await start();
  const begin = async (bytes: Uint8Array) => {
    const upload = await world.settle(durable.beginUpload('k', bytes.length));
    await world.settle(upload.write(bytes));
    const etag = (await world.settle(durable.head('k')))?.etag ?? '';
    return () => upload.commit({ version: version() }, { kind: 'match', etag });
  };
  await world.settle(deferred.put('k', Buffer.from('journaled'), { version: version() }, { kind: 'absent' }));
  await world.pass(100);
  const first = await begin(Buffer.from('short'));
  await world.settle(first());
  const second = await begin(Buffer.from('much longer'));
  const committing = second();
  // It is in the store, and the journal's disk has not answered yet.
  while ((await store.head('k'))?.sizeBytes !== 11) await Promise.resolve();
  const got = await world.settle(durable.get('k'));
  const body = got.kind === 'hit' ? await world.settle(bytesOf(got.body)) : undefined;
  expect(got).toMatchObject({ object: { sizeBytes: body?.length ?? -1 } });
  await world.settle(committing);
  expect(await world.settle(durable.head('k'))).toMatchObject({ sizeBytes: 11 });
});
