/** The proxy's fleet and the node's own code, over sockets of this machine and the system's clock; only Lambda is played. */

import { crc32 } from 'node:zlib';
import { openNetwork, silentLog, systemClock, systemRandom } from '@sion/components';
import { createNode, type Node, nodeDefaults } from '@sion/node';
import { CountedMetrics, createFleet, type FleetSettings, fleetDefaults, type RunningFleet } from '@sion/proxy';
import { afterEach, describe, expect, test } from 'vitest';
import { createScriptedFunctions } from '../doubles/scripted-functions.ts';
import { until } from '../doubles/turns.ts';

const mib = 1024 * 1024;
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Deployment {
  readonly fleet: RunningFleet;
  readonly metrics: CountedMetrics;
  readonly lost: { readonly node: number; readonly counters: readonly number[] }[];
  /** How each session ended, as the nodes said. */
  readonly endings: string[];
  /** The provider takes the instance of a node; its links break with it. */
  reclaim(node: number): void;
  /** Waits until a node's session is over. */
  idle(node: number): Promise<void>;
}

/** A fleet whose functions are nodes in this process, one instance per function. */
async function deploy(changes: Partial<FleetSettings> = {}): Promise<Deployment> {
  const functions = createScriptedFunctions();
  const instances = new Map<string, Node>();
  const network = openNetwork();
  const endings: string[] = [];
  functions.onInvoke = (invocation) => {
    const name = invocation.functionName;
    const node = instances.get(name) ?? start();
    instances.set(name, node);
    void node.handle(JSON.parse(JSON.stringify(invocation.payload)), 60_000).then((result) => {
      endings.push(result.ended);
      invocation.returns(result);
    });
  };
  const start = () =>
    createNode({
      ...{ clock: systemClock, random: systemRandom, network, log: silentLog },
      store: { get: async () => ({ kind: 'miss' }) },
      settings: { ...nodeDefaults, capacityBytes: 64 * mib },
    });
  const metrics = new CountedMetrics();
  const settings = {
    ...fleetDefaults,
    ...{
      nodes: 3,
      nodeMemoryMb: 128,
      assumedCapacityBytes: 64 * mib,
      linkPort: 0,
      latencyUsdPerSecond: 0.000_001,
      ...changes,
    },
  };
  const fleet = await createFleet({
    ...{ clock: systemClock, random: systemRandom, network, functions, log: silentLog, metrics, settings, epoch: 3 },
  });
  closers.push(() => fleet.close());
  const lost: { node: number; counters: number[] }[] = [];
  fleet.onLost((node, entries) => lost.push({ node, counters: entries.map(({ id }) => id.counter) }));
  return {
    ...{ fleet, metrics, lost, endings },
    reclaim: (node) => void instances.delete(fleet.functionName(node)),
    idle: (node) => until(() => fleet.status()[node]?.state === 'idle'),
  };
}

function chunkOf(counter: number, bytes: number) {
  const payload = Buffer.alloc(bytes, counter);
  return { id: { epoch: 3, counter, fragment: 0, index: 0 }, checksum: crc32(payload), payload };
}

describe('the fleet and real nodes', () => {
  test('store, fetch and evict small and large chunks, over sessions that come and go', async () => {
    const { fleet, lost, endings, idle, metrics } = await deploy();
    const chunks = [0, 1, 1000, 65_535, 65_536, 8 * mib].map((bytes, at) => chunkOf(at + 1, bytes));
    const stored = await Promise.all(chunks.map((chunk) => fleet.store(0, chunk)));
    expect(stored.map(({ kind }) => kind)).toEqual(chunks.map(() => 'ok'));
    expect(fleet.fill(0).capacityBytes).toBe(64 * mib);
    for (let session = 0; session < 3; session++) {
      await idle(0);
      const replies = await Promise.all(chunks.map((chunk) => fleet.fetch(0, chunk.id)));
      const whole = replies.map((reply, at) => reply.kind === 'ok' && chunks[at]?.payload.equals(reply.value));
      expect(whole).toEqual(chunks.map(() => true));
    }
    fleet.evict(
      0,
      chunks.slice(1).map(({ id }) => id),
    );
    await idle(0);
    expect((await fleet.fetch(0, chunks[0]?.id ?? chunkOf(1, 0).id)).kind).toBe('ok');
    await idle(0);
    expect(lost).toEqual([]);
    expect(new Set(endings)).toEqual(new Set(['end']));
    expect(endings.length).toBeGreaterThanOrEqual(5);
    expect(metrics.snapshot().invocations.request).toBe(endings.length);
    expect(fleet.linkCount).toBe(2);
  });

  test('an instance that was reclaimed between sessions: exactly its chunks are lost', async () => {
    const { fleet, lost, idle, reclaim } = await deploy();
    for (let node = 0; node < 3; node++) await fleet.store(node, chunkOf(node + 1, 100_000));
    await Promise.all([0, 1, 2].map(idle));
    reclaim(1);
    const replies = await Promise.all([0, 1, 2].map((node) => fleet.fetch(node, chunkOf(node + 1, 1).id)));
    expect(replies.map((reply) => (reply.kind === 'ok' ? 'ok' : reply.refusal))).toEqual(['ok', 'missing', 'ok']);
    expect(lost).toEqual([{ node: 1, counters: [2] }]);
    expect((await fleet.store(1, chunkOf(2, 100_000))).kind).toBe('ok');
    expect((await fleet.fetch(1, chunkOf(2, 1).id)).kind).toBe('ok');
  });

  test('a warm-up touches the instance and opens no session', async () => {
    const { fleet, endings, idle, lost, reclaim } = await deploy();
    await fleet.store(0, chunkOf(1, 10));
    await idle(0);
    await fleet.warm(0);
    expect(endings).toEqual(['end', 'warmup']);
    expect(lost).toEqual([]);
    reclaim(0);
    await fleet.warm(0);
    expect(lost).toEqual([{ node: 0, counters: [1] }]);
  });

  test('a node that is full refuses, and takes again after an eviction', async () => {
    const { fleet } = await deploy();
    const large = [1, 2, 3].map((counter) => chunkOf(counter, 16 * mib));
    for (const chunk of large) expect((await fleet.store(0, chunk)).kind).toBe('ok');
    const fourth = chunkOf(4, 16 * mib);
    expect(await fleet.store(0, fourth)).toEqual({ kind: 'refused', refusal: 'capacity' });
    fleet.evict(0, [chunkOf(1, 0).id]);
    expect((await fleet.store(0, fourth)).kind).toBe('ok');
  });

  test('close ends open sessions orderly', async () => {
    const { fleet, endings } = await deploy({ latencyUsdPerSecond: 1 });
    await Promise.all([0, 1, 2].map((node) => fleet.store(node, chunkOf(node + 1, 100))));
    await fleet.close();
    expect(endings).toEqual(['end', 'end', 'end']);
    expect(fleet.linkCount).toBe(0);
  });
});
