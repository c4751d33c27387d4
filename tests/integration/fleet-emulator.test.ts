/** The fleet over the unmodified SDK, the emulator's processes and the node's bundle: all of a session, as in local mode. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { createLambdaFunctions } from '@sion/aws';
import {
  type Functions,
  openNetwork,
  readSettings,
  settingsEnvironment,
  silentLog,
  systemClock,
  systemRandom,
} from '@sion/components';
import { createEmulator, createEmulatorControl, type Emulator, localEmulatorSettings } from '@sion/emulator';
import { buildNodeBundle, nodeSettingsSchema } from '@sion/node';
import { CountedMetrics, createFleet, fleetDefaults, type RunningFleet } from '@sion/proxy';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { until } from '../doubles/turns.ts';

const nodes = 3;
const memoryMb = 256;
let folder: string;
let emulator: Emulator;
let functions: Functions;
let fleet: RunningFleet;
let metrics: CountedMetrics;
let lost: { node: number; counters: number[] }[];
let epoch = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sion-fleet-'));
  const bundle = await buildNodeBundle({ outDir: join(folder, 'node') });
  const settings = readSettings(localEmulatorSettings, {
    environment: { SION_LAMBDA_PORT: '0', SION_DATA_DIR: folder },
  });
  emulator = await createEmulator({ settings, clock: systemClock, random: systemRandom, log: silentLog });
  const control = createEmulatorControl(emulator.endpoint);
  const environment = settingsEnvironment(nodeSettingsSchema, {
    ...readSettings(nodeSettingsSchema, { environment: { SION_DATA_DIR: folder } }),
  });
  for (let index = 0; index < nodes; index++) {
    await control.putFunction(`sion-node-00${index}`, {
      ...{ bundleFolder: bundle.folder, handler: bundle.handler, codeVersion: bundle.codeVersion },
      ...{ memoryMb, timeoutMs: 330_000, reservedConcurrency: 1, environment },
    });
  }
  functions = createLambdaFunctions({
    region: 'us-east-1',
    endpoint: emulator.endpoint,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxConcurrent: nodes + 4,
    timeoutMs: 400_000,
  });
});

afterAll(async () => {
  await functions.close();
  await emulator.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  metrics = new CountedMetrics();
  lost = [];
  fleet = await createFleet({
    ...{ clock: systemClock, random: systemRandom, network: openNetwork(), functions, log: silentLog, metrics },
    settings: {
      ...fleetDefaults,
      // A busy machine must not look like a silent node.
      silenceMs: 60_000,
      ...{ nodes, nodeMemoryMb: memoryMb, assumedCapacityBytes: 64 * 1024 * 1024, linkPort: 0 },
    },
    epoch: ++epoch,
  });
  fleet.onLost((node, entries) => lost.push({ node, counters: entries.map(({ id }) => id.counter) }));
});

afterEach(async () => {
  await fleet.close();
});

const idle = (node: number) => until(() => fleet.status()[node]?.state === 'idle');

function chunkOf(counter: number, bytes: number) {
  const payload = Buffer.alloc(bytes, counter);
  return { id: { epoch, counter, fragment: 0, index: 0 }, checksum: crc32(payload), payload };
}

const kindOf = (reply: { kind: 'ok' } | { kind: 'refused'; refusal: string }) =>
  reply.kind === 'ok' ? 'ok' : reply.refusal;

test('chunks outlive the freeze between sessions, in memory', async () => {
  const chunks = [1, 2, 3].map((counter) => chunkOf(counter, counter === 1 ? 10 : 4 * 1024 * 1024));
  for (const chunk of chunks) expect(kindOf(await fleet.store(0, chunk))).toBe('ok');
  await idle(0);
  for (const chunk of chunks) {
    const reply = await fleet.fetch(0, chunk.id);
    expect(reply.kind === 'ok' && chunk.payload.equals(reply.value)).toBe(true);
  }
  await idle(0);
  const { invocations, costUsd } = metrics.snapshot();
  expect(lost).toEqual([]);
  expect(invocations.request).toBeGreaterThanOrEqual(2);
  expect(costUsd.serving).toBeGreaterThan(invocations.request * 0.0000002);
  expect(fleet.linkCount).toBe(2);
});

test('an instance reclaimed while it is frozen: exactly its chunks are lost', async () => {
  for (let node = 0; node < nodes; node++) expect(kindOf(await fleet.store(node, chunkOf(node + 1, 1000)))).toBe('ok');
  await Promise.all([0, 1, 2].map(idle));
  await createEmulatorControl(emulator.endpoint).reclaim({ count: 1, functionName: 'sion-node-001' });
  const replies = await Promise.all([0, 1, 2].map((node) => fleet.fetch(node, chunkOf(node + 1, 0).id)));
  expect(replies.map(kindOf)).toEqual(['ok', 'missing', 'ok']);
  expect(lost).toEqual([{ node: 1, counters: [2] }]);
});

test('all instances reclaimed in the middle of their sessions: refused, then known to be lost, then served again', async () => {
  const large = 8 * 1024 * 1024;
  for (let node = 0; node < nodes; node++) expect(kindOf(await fleet.store(node, chunkOf(node + 1, large)))).toBe('ok');
  const fetched = [0, 1, 2].map((node) => fleet.fetch(node, chunkOf(node + 1, 0).id));
  await createEmulatorControl(emulator.endpoint).reclaim({ all: true });
  await Promise.all(fetched);
  for (let node = 0; node < nodes; node++) {
    const reply = await fleet.fetch(node, chunkOf(node + 1, 0).id);
    expect(['missing', 'unavailable']).toContain(kindOf(reply));
    expect(kindOf(await fleet.store(node, chunkOf(node + 11, large)))).toBe('ok');
    expect(kindOf(await fleet.fetch(node, chunkOf(node + 11, 0).id))).toBe('ok');
  }
  expect(lost.map(({ node }) => node).toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
});
