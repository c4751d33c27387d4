import { createPlacement } from '@sion/core';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { MemoryFleet } from '../../../../tests/doubles/memory-fleet.ts';
import type { NodeIdle, NodeIndex } from '../fleet/fleet.ts';
import { WarmUps } from './warm-up.ts';

const policy = { activeMs: 10_000, degradedMs: 40_000 };

/** Nodes that are idle since a moment, of which those that hold something are touched. */
class IdleFleet extends MemoryFleet {
  readonly touched: NodeIndex[] = [];
  readonly idle = new Map<NodeIndex, NodeIdle>();
  readonly holding = new Set<NodeIndex>();
  readonly #now: () => number;

  constructor(nodes: number, now: () => number) {
    super(
      Array.from({ length: nodes }, () => new Map()),
      1000,
    );
    this.#now = now;
  }

  override idleSince(node: NodeIndex): NodeIdle | undefined {
    return this.idle.get(node);
  }

  override fill(node: NodeIndex) {
    return { usedBytes: this.holding.has(node) ? 1 : 0, capacityBytes: 1000 };
  }

  override async warm(node: NodeIndex): Promise<void> {
    this.touched.push(node);
    this.idle.set(node, { activeMs: this.#now(), wasWarmUp: true });
  }
}

function createScene() {
  const clock = createManualClock();
  const fleet = new IdleFleet(8, () => clock.monotonicMs());
  const windows = { intervalMs: 60_000, activeWindows: 1, degradedWindows: 2 };
  const placement = createPlacement({ nodes: 8, groupSize: 4, windows, nowMs: clock.monotonicMs() });
  for (const node of [0, 1, 4]) {
    placement.adopt(node);
    fleet.holding.add(node);
    fleet.idle.set(node, { activeMs: clock.monotonicMs(), wasWarmUp: false });
  }
  fleet.idle.set(2, { activeMs: clock.monotonicMs(), wasWarmUp: false });
  const warmUps = new WarmUps({ clock, fleet, placement, policy });
  const pass = async (ms: number) => {
    for (let passedMs = 0; passedMs < ms; passedMs += 100) {
      clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { clock, fleet, placement, warmUps, pass };
}

describe('warm-ups', () => {
  it('touch each idle node that holds something once per interval, and no other', async () => {
    const { fleet, pass } = createScene();
    await pass(10_000);
    expect(fleet.touched.toSorted((a, b) => a - b)).toEqual([0, 1, 4]);
    await pass(10_000);
    expect(fleet.touched.toSorted((a, b) => a - b)).toEqual([0, 0, 1, 1, 4, 4]);
  });

  it('leave out nodes that work', async () => {
    const { fleet, pass } = createScene();
    fleet.idle.delete(0);
    await pass(10_000);
    expect(fleet.touched.toSorted((a, b) => a - b)).toEqual([1, 4]);
  });

  it('come seldom in degraded windows, and not at all after', async () => {
    const { clock, fleet, placement, pass } = createScene();
    await pass(60_000);
    placement.turn(clock.monotonicMs());
    fleet.touched.length = 0;
    await pass(41_000);
    expect(fleet.touched.toSorted((a, b) => a - b)).toEqual([0, 1, 4]);
    placement.turn(clock.monotonicMs() + 120_000);
    fleet.touched.length = 0;
    await pass(100_000);
    expect(fleet.touched).toEqual([]);
  });

  it('end when they are told to', async () => {
    const { fleet, warmUps, clock, pass } = createScene();
    warmUps.stop();
    await pass(20_000);
    expect([fleet.touched, clock.pendingTimers()]).toEqual([[], 0]);
  });
});
