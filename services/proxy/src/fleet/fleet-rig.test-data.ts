/** A fleet for tests: time stands still until moved, the network is memory, instances and invocations are scripted. */

import { crc32 } from 'node:zlib';
import { type Random, silentLog } from '@sion/components';
import type { ChunkId, ManifestEntry } from '@sion/core';
import { createManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { createMemoryNetwork } from '../../../../tests/doubles/memory-network.ts';
import { createScriptedFunctions, type ScriptedInvocation } from '../../../../tests/doubles/scripted-functions.ts';
import { type Received, ScriptedInstance } from '../../../../tests/doubles/scripted-instance.ts';
import { nextTurn, until } from '../../../../tests/doubles/turns.ts';
import { CountedMetrics } from '../metrics/counted-metrics.ts';
import { createFleet } from './create-fleet.ts';
import type { ChunkToStore } from './fleet.ts';
import { type FleetSettings, fleetDefaults } from './settings.ts';

export const epoch = 7;

/** Counts up, so that tokens and jitter are the same in every run and no two tokens are equal. */
export function countingRandom(): Random {
  let next = 1;
  return { bytes: (count) => Uint8Array.from({ length: count }, () => next++ & 0xff), integer: () => 0 };
}

/** Lets everything that is in the microtask queue happen, and all that it causes. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await nextTurn();
}

export function chunkOf(counter: number, text = `chunk ${counter}`, index = 0): ChunkToStore {
  const payload = Buffer.from(text);
  const id: ChunkId = { epoch, counter, fragment: 0, index };
  return { id, checksum: crc32(payload), payload };
}

export function entryOf({ id, checksum, payload }: ChunkToStore): ManifestEntry {
  return { id, checksum, lengthBytes: payload.length };
}

export const ok = { kind: 'ok', value: undefined } as const;
export const refusedAs = (refusal: string) => ({ kind: 'refused', refusal });

export type FleetRig = Awaited<ReturnType<typeof createRig>>;

/** With `serve` (the default) instances open every session by themselves and return at END. */
export async function createRig(
  changes: Partial<FleetSettings> = {},
  options: { readonly serve?: boolean; readonly verdict?: { readonly isSaving: boolean } } = {},
) {
  const clock = createManualClock();
  const network = createMemoryNetwork();
  const functions = createScriptedFunctions();
  const metrics = new CountedMetrics();
  const settings: FleetSettings = {
    ...fleetDefaults,
    ...{ nodes: 2, nodeMemoryMb: 1024, assumedCapacityBytes: 1 << 29, linkPort: 0, ...changes },
  };
  const fleet = await createFleet({
    ...{ clock, random: countingRandom(), network, functions, log: silentLog, metrics, settings, epoch },
    budget: {
      begin: () => () => {},
      get isSaving() {
        return options.verdict?.isSaving === true;
      },
    },
  });
  const lost: { node: number; ids: readonly number[] }[] = [];
  fleet.onLost((node, entries) => lost.push({ node, ids: entries.map((entry) => entry.id.counter) }));
  const instances = new Map<string, ScriptedInstance>();
  let drawn = 0;
  const rig = {
    ...{ clock, network, functions, metrics, settings, fleet, lost },
    /** The instance that serves a node's sessions; drawn when first needed. */
    instance(node = 0): ScriptedInstance {
      const name = fleet.functionName(node);
      const known = instances.get(name);
      if (known !== undefined) return known;
      const fresh = new ScriptedInstance(network, String(++drawn).padStart(32, '0'));
      instances.set(name, fresh);
      return fresh;
    },
    /** The provider takes a node's instance: the next one is empty and has no links. */
    reclaim(node = 0): void {
      instances.delete(fleet.functionName(node));
    },
    invocation(at = -1): ScriptedInvocation {
      const invocation = functions.invocations.at(at);
      if (invocation === undefined) throw new Error(`there is no invocation ${at}`);
      return invocation;
    },
    state: (node = 0) => fleet.status()[node]?.state,
    /** Stores a chunk, which opens a session. */
    async hold(chunk: ChunkToStore, node = 0): Promise<void> {
      const reply = await fleet.store(node, chunk);
      if (reply.kind !== 'ok') throw new Error(`the chunk was refused: ${reply.refusal}`);
    },
    /** Lets the open session of a node linger to its end. */
    async endSession(node = 0): Promise<void> {
      await until(() => fleet.status()[node]?.state === 'open');
      await quiet();
      clock.advance(1000);
      await until(() => fleet.status()[node]?.state === 'idle');
    },
  };
  functions.onInvoke = (invocation) => {
    if (options.serve === false) return;
    const node = [...Array(settings.nodes).keys()].find((each) => fleet.functionName(each) === invocation.functionName);
    const instance = rig.instance(node);
    if (invocation.payload.kind === 'warmup') {
      return invocation.returns({ instance: instance.id, ended: 'warmup', chunks: instance.manifest.count });
    }
    instance.onEnd = () => invocation.returns({ instance: instance.id, chunks: instance.manifest.count });
    void instance.open(invocation.payload);
  };
  return rig;
}

/** Keeps messages of one type unanswered; the test answers, or does not. */
export function withhold(instance: ScriptedInstance, type: Received['frame']['message']['type']): Received[] {
  const withheld: Received[] = [];
  instance.takeOver = (received) => {
    if (received.frame.message.type !== type) return false;
    withheld.push(received);
    return true;
  };
  return withheld;
}

/** Time passes in heartbeats, and what they cause happens. */
export async function pass(rig: FleetRig, totalMs: number): Promise<void> {
  for (let passed = 0; passed < totalMs; passed += 250) {
    rig.clock.advance(250);
    await quiet();
  }
}
