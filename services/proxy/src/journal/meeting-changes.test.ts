/** Changes of one name that meet: one is made durable in the journal while the store confirms the one before it. */
import { silentLog, VirtualStore } from '@sion/components';
import { expect, test } from 'vitest';
import { JournalWorld } from './journal-world.test-data.ts';
import { openJournaling } from './open-journaling.ts';

/** Requests of this kind wait until the gate is opened. */
async function openWorld(gated: 'put' | 'head') {
  let retries = 0;
  const metrics = { countDrained: () => {}, countDrainRetry: () => retries++, countJournalFull: () => {} };
  const world = new JournalWorld('meeting changes');
  const { clock } = world.process;
  const gate = Promise.withResolvers<void>();
  const before = async (request: string) => (request === gated ? await gate.promise : undefined);
  const store = new VirtualStore({ wallMs: () => clock.wallMs(), hooks: { before } });
  let counter = 0;
  const drain = { quarantineMs: 1_000, concurrency: 4, retryBaseMs: 10, retryMaxMs: 100, wholeMaxBytes: 1 << 20 };
  const opening = openJournaling({
    ...{ clock, random: world.random, log: silentLog, files: world.files, store, metrics },
    lease: { isHeld: () => true },
    nextVersion: () => `1.${++counter}`,
    settings: { journal: world.settings, drain, confirmMs: 1_000, closeMs: 1_000 },
  });
  const { deferred, durable } = (await world.settle(opening)).over(store);
  const version = () => `1.${++counter}`;
  return { world, deferred, durable, store, version, openGate: () => gate.resolve(), retries: () => retries };
}

test('a delete that is noted while the store confirms the put before it deletes that', async () => {
  const { world, deferred, durable, store, openGate, version } = await openWorld('put');
  const metadata = { version: version() };
  await world.settle(deferred.put('k', Buffer.from('value'), metadata, { kind: 'absent' }));
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

test('a put that is replaced while the store is asked what it has is no failure of the drain', async () => {
  const { world, deferred, store, openGate, version, retries } = await openWorld('head');
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
