import { describe, expect, test } from 'vitest';
import { until } from '../../../../tests/doubles/turns.ts';
import { Doubt } from './doubt.ts';
import { chunkOf, createRig, type FleetRig, quiet } from './fleet-rig.test-data.ts';

const dies = { kind: 'function-error', errorType: 'Runtime.ExitError', message: 'exit status 1' } as const;

/** The node has died in the middle of its session; its next instance is empty. */
async function dieInSession(rig: FleetRig): Promise<void> {
  rig.reclaim();
  rig.invocation().end(dies);
  await until(() => rig.state() === 'backoff');
}

async function passOver(rig: FleetRig, totalMs: number, stepMs = 25): Promise<void> {
  for (let passedMs = 0; passedMs < totalMs; passedMs += stepMs) {
    rig.clock.advance(stepMs);
    await quiet();
  }
}

describe('a node whose session ended as it should not', () => {
  test('is asked again by itself, and its loss is found', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    await dieInSession(rig);
    expect(rig.lost).toEqual([]);
    await passOver(rig, 50);
    expect(rig.lost).toEqual([{ node: 0, ids: [1] }]);
    expect(rig.metrics.snapshot().invocations).toMatchObject({ request: 1, recovery: 1 });
    await rig.endSession();
    await passOver(rig, 1000, 100);
    expect(rig.functions.invocations).toHaveLength(2);
    await rig.fleet.close();
  });

  test('is left alone while the budget saves; its loss is found by the next request', async () => {
    const verdict = { isSaving: false };
    const rig = await createRig({}, { verdict });
    await rig.hold(chunkOf(1));
    verdict.isSaving = true;
    await dieInSession(rig);
    await passOver(rig, 1000, 100);
    expect(rig.functions.invocations).toHaveLength(1);
    expect(await rig.fleet.fetch(0, chunkOf(1).id)).toEqual({ kind: 'refused', refusal: 'missing' });
    expect(rig.lost).toEqual([{ node: 0, ids: [1] }]);
    await rig.fleet.close();
  });

  test('is left alone when it held nothing', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    rig.fleet.evict(0, [chunkOf(1).id]);
    await quiet();
    await dieInSession(rig);
    await passOver(rig, 1000, 100);
    expect(rig.functions.invocations).toHaveLength(1);
    await rig.fleet.close();
  });

  test('is left alone when only a service that is away was met', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    await rig.endSession();
    rig.functions.onInvoke = (invocation) => invocation.end({ kind: 'unavailable', message: 'connection refused' });
    await rig.fleet.fetch(0, chunkOf(1).id);
    await passOver(rig, 2000, 100);
    expect(rig.functions.invocations).toHaveLength(2);
    await rig.fleet.close();
  });

  test('is asked until the pauses have reached their ceiling, then by the next request', async () => {
    const rig = await createRig({ backoffBaseMs: 100, backoffMaxMs: 800 });
    await rig.hold(chunkOf(1));
    const { onInvoke } = rig.functions;
    rig.functions.onInvoke = (invocation) => invocation.end(dies);
    await dieInSession(rig);
    await passOver(rig, 10_000, 50);
    // The first failure and those after pauses with ceilings of 100, 200 and 400 ms.
    expect(rig.functions.invocations).toHaveLength(4);
    expect(rig.state()).toBe('idle');
    rig.functions.onInvoke = onInvoke;
    expect(await rig.fleet.fetch(0, chunkOf(1).id)).toEqual({ kind: 'refused', refusal: 'missing' });
    expect(rig.lost).toEqual([{ node: 0, ids: [1] }]);
    await rig.fleet.close();
  });

  test('keeps to the budget of retries when many fail together', async () => {
    const rig = await createRig({ nodes: 40, retriesPerSecond: 10 });
    for (let node = 0; node < 40; node++) await rig.hold(chunkOf(node + 1), node);
    rig.functions.onInvoke = () => {};
    for (const invocation of [...rig.functions.invocations]) invocation.end(dies);
    await quiet();
    await passOver(rig, 1000, 50);
    expect(rig.functions.invocations.length - 40).toBeLessThanOrEqual(11);
    for (const invocation of rig.functions.invocations) if (!invocation.isOver) invocation.returns();
    await quiet();
    await rig.fleet.close();
  });
});

test('doubt ends when an instance has said what it holds', () => {
  const doubt = new Doubt({ baseMs: 50, maxMs: 10_000 });
  expect(doubt.mustAsk(0, 5)).toBe(false);
  doubt.raise('throttled', false);
  expect(doubt.mustAsk(1, 5)).toBe(false);
  doubt.raise('unavailable', true);
  expect(doubt.mustAsk(1, 5)).toBe(true);
  expect(doubt.mustAsk(1, 0)).toBe(false);
  expect(doubt.mustAsk(9, 5)).toBe(false);
  doubt.settle();
  expect(doubt.mustAsk(1, 5)).toBe(false);
});
