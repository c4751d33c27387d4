/** That the load notices: clients of a map that keeps its promises, and of some that do not. */
import { expect, test } from 'vitest';
import { History } from '../doubles/history.ts';
import { LoadClient, type LoadWorld } from './load.ts';
import type { Problem, RequestRecord } from './record.ts';
import { type ChaosClient, type Durability, RequestFailure } from './requests.ts';
import { StoredValues } from './stored-values.ts';

const key = 'plain-0-1';

function honest(objects = new Map<string, Buffer>()): ChaosClient {
  return {
    protocol: 'resp',
    ready: async () => {},
    get: async (key) => objects.get(key),
    range: async (key, start, end) => objects.get(key)?.subarray(start, end) ?? new Uint8Array(),
    set: async (key, bytes) => void objects.set(key, bytes),
    delete: async (key) => objects.delete(key),
    close: () => {},
  };
}

function openWorld() {
  const [problems, requests]: [Problem[], RequestRecord[]] = [[], []];
  let elapsed = 0;
  const world: LoadWorld = {
    seed: 'a',
    history: new History(() => elapsed++),
    values: new StoredValues(),
    volatileKeys: new Set(),
    elapsedMs: () => elapsed++,
    record: (request) => requests.push(request),
    problem: (problem) => problems.push(problem),
  };
  return { world, problems, requests };
}

/** Writes and reads through `client` in turn, and gives what is wrong. */
async function use(client: ChaosClient, durability: Durability = 'store') {
  const { world, problems, requests } = openWorld();
  const load = new LoadClient(world, 'c0', client, durability);
  for (let round = 0; round < 20; round++) await ((await load.write(key)) && load.get(key));
  return { problems, requests, fault: world.history.check(key), unknowns: world.history.unknowns };
}

test('promises that are kept are no problem', async () => {
  const { problems, fault, requests } = await use(honest());
  expect([problems, fault, requests.every(({ code }) => code === 'ok')]).toEqual([[], undefined, true]);
});

test('an acknowledged write that is gone is told', async () => {
  let writes = 0;
  const inner = honest();
  const client = {
    ...inner,
    set: async (key: string, bytes: Buffer) => (++writes === 9 ? undefined : inner.set(key, bytes)),
  };
  expect((await use(client)).fault).toContain('no order explains it');
});

test('a wrong byte is told', async () => {
  const inner = honest();
  const bend = (bytes: Uint8Array) => bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte));
  const get = async (key: string) => bend((await inner.get(key)) ?? Buffer.of());
  const { problems } = await use({ ...inner, get });
  expect(problems[0]).toMatchObject({ kind: 'wrong-bytes', text: expect.stringContaining('byte 20') });
});

test('a write of unknown result may be there or not', async () => {
  let writes = 0;
  const inner = honest();
  const set = async (key: string, bytes: Buffer) => {
    writes++;
    if (writes % 3 === 0) await inner.set(key, bytes);
    if (writes % 3 !== 2) throw new RequestFailure('lost', true, 'the connection broke');
    await inner.set(key, bytes);
  };
  const { problems, fault, unknowns } = await use({ ...inner, set });
  expect([problems, fault, unknowns > 10]).toEqual([[], undefined, true]);
});

test('an answer that no outage explains is a problem', async () => {
  const set = () => Promise.reject(new RequestFailure('internal', false, 'oh'));
  expect((await use({ ...honest(), set })).problems[0]).toMatchObject({ kind: 'answer' });
});

test('what is written to memory alone may vanish, and nothing older may come back', async () => {
  const objects = new Map<string, Buffer>();
  const inner = honest(objects);
  let reads = 0;
  const forgetful = {
    ...inner,
    get: async (key: string) => (++reads % 2 === 0 && objects.delete(key), objects.get(key)),
  };
  expect((await use(forgetful, 'memory')).fault).toBeUndefined();
  expect((await use(forgetful, 'store')).fault).toContain('no order explains it');
  const older: Buffer[] = [];
  const set = async (key: string, bytes: Buffer) => void (await inner.set(key, bytes), older.push(bytes));
  const get = async (key: string) => (older.length > 5 ? older[0] : await inner.get(key));
  expect((await use({ ...inner, set, get }, 'memory')).fault).toContain('no order explains it');
});
