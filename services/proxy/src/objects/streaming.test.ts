/** Bytes go on before the last of them have come, from functions to readers and from writers to functions. */
import { expect, it } from 'vitest';
import { createWorld, overwrite, payload, placed, valueOf } from './engine-world.test-data.ts';

const sizeBytes = 200_000;

it('the first piece of a read is there while a later chunk is still on its way', async () => {
  const world = createWorld();
  await world.engine.mutate('k', overwrite(payload(sizeBytes)));
  await placed(world, 'k');
  const late = Number(world.engine.places('k')?.fragments[0]?.[1]?.slice('node-'.length));
  const { promise, resolve } = Promise.withResolvers<void>();
  world.fleet.gate = (request, node) => (request === 'fetch' && node === late ? promise : undefined);
  const outcome = await world.engine.read('k');
  if (outcome.kind !== 'hit') throw new Error(outcome.kind);
  const pieces = outcome.body[Symbol.asyncIterator]();
  const first = await pieces.next();
  resolve();
  const read = [first.value];
  for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) read.push(next.value);
  expect(Buffer.concat(read).equals(payload(sizeBytes))).toBe(true);
});

it('the first chunks of a value are on their way while its last bytes have not come', async () => {
  const world = createWorld();
  const { promise, resolve } = Promise.withResolvers<void>();
  const bytes = payload(sizeBytes);
  async function* pieces() {
    yield bytes.subarray(0, sizeBytes - 1);
    await promise;
    yield bytes.subarray(sizeBytes - 1);
  }
  const sent: string[] = [];
  world.fleet.gate = (request) => {
    sent.push(request);
    resolve();
  };
  const staged = await world.engine.stage(
    'k',
    { kind: 'stream', sizeBytes, pieces: pieces() },
    { durability: 'memory' },
  );
  expect(sent.length).toBeGreaterThan(1);
  await world.engine.mutate(
    'k',
    { needs: 'nothing', decide: () => ({ kind: 'write', bytes: staged, result: true }) },
    { durability: 'memory' },
  );
  expect(await valueOf(world, 'k')).toEqual(Buffer.from(bytes));
});
