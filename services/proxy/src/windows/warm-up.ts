/**
 * Warm-ups, carried out: one timer looks which idle nodes are due by core's `warmUpDueMs` and touches those, a bounded
 * number at a time. Who works needs none; who is released gets none.
 *
 * Must never: wake a node into a session, or stop because a touch failed: the node's own back-off sees to that.
 */
import type { Clock, Timer } from '@sion/components';
import { type Placement, soonestWarmUpMs, type WarmUpPolicy, warmUpDueMs } from '@sion/core';
import type { Fleet, NodeIndex } from '../fleet/fleet.ts';

export interface WarmUpParts {
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly placement: Placement;
  readonly policy: WarmUpPolicy;
  /** Nobody is touched while the budget saves. */
  readonly isSaving?: () => boolean;
}

/** Touches that are under way at a time. */
const concurrency = 64;

/** Nodes that are due within this time are touched in one look. */
const leastWaitMs = 100;

export class WarmUps {
  readonly #parts: WarmUpParts;
  readonly #underWay = new Set<NodeIndex>();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(parts: WarmUpParts) {
    this.#parts = parts;
    this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Touches those that are due, and comes back when the next one is. */
  #look(): void {
    const { clock, placement, policy, isSaving } = this.#parts;
    const soonestMs = soonestWarmUpMs(policy);
    if (soonestMs === 0 || this.#stopped) return;
    const nowMs = clock.monotonicMs();
    let nextMs = nowMs + soonestMs;
    for (const { groups } of isSaving?.() === true ? [] : placement.windows()) {
      for (const { nodes } of groups) {
        for (const node of nodes) {
          const dueMs = this.#dueMs(node);
          if (dueMs === undefined) continue;
          if (dueMs <= nowMs && this.#underWay.size < concurrency) this.#touch(node);
          else nextMs = Math.min(nextMs, dueMs);
        }
      }
    }
    this.#timer = clock.after(Math.max(leastWaitMs, Math.ceil(nextMs - nowMs)), () => this.#look());
  }

  #dueMs(node: NodeIndex): number | undefined {
    const { fleet, placement, policy } = this.#parts;
    const idle = fleet.idleSince(node);
    if (idle === undefined || this.#underWay.has(node)) return undefined;
    const { usedBytes } = fleet.fill(node);
    return warmUpDueMs({ node, state: placement.stateOf(node), holds: usedBytes > 0, ...idle }, policy);
  }

  #touch(node: NodeIndex): void {
    this.#underWay.add(node);
    void this.#parts.fleet.warm(node).finally(() => this.#underWay.delete(node));
  }
}
