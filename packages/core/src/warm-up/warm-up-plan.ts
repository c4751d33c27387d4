/**
 * Warm-up: when an idle instance is touched so that the provider keeps it. Active windows' nodes are touched often,
 * degraded ones' seldom, others never (the paper's 1 and 5 minutes). Whatever a node did for a request counts as a touch, so
 * nodes that serve are not warmed at all.
 *
 *     next touch = last activity + interval              after a warm-up
 *                  last activity + interval · (7/8 … 1)  after real work
 *
 * Many nodes that worked at the same moment, as the nodes of a group do, would all be due at the same moment; each has a
 * place of its own in the last eighth of the interval instead, where it stays from then on.
 */
import type { WindowState } from '../placement/window-wheel.ts';

export interface WarmUpPolicy {
  /** Longest idle time of the nodes of active windows, milliseconds; 0 = these are not touched. */
  readonly activeMs: number;
  /** The same of degraded windows. */
  readonly degradedMs: number;
}

/** A node as the plan sees it. */
export interface WarmableNode {
  readonly node: number;
  readonly state: WindowState;
  /** Whether it is expected to hold anything. */
  readonly holds: boolean;
  /** When its last session or invocation ended, on any clock that does not jump. */
  readonly activeMs: number;
  /** True when that was a warm-up. */
  readonly wasWarmUp: boolean;
}

/** Of the interval, where first touches are spread. */
const spreadShare = 1 / 8;

/** Multiples of this, less their whole part, are as far apart as can be (the golden ratio). */
const spreadStep = 0.618_033_988_749_894_9;

/** When the node is to be touched, on the clock of `activeMs`; undefined = not at all. */
export function warmUpDueMs(view: WarmableNode, policy: WarmUpPolicy): number | undefined {
  const intervalMs = intervalOf(view.state, policy);
  if (intervalMs === 0 || !view.holds) return undefined;
  if (view.wasWarmUp) return view.activeMs + intervalMs;
  return view.activeMs + intervalMs * (1 - spreadShare * ((view.node * spreadStep) % 1));
}

/** No node comes to be due sooner than this after it has worked: so long one need not look. 0 = there is nothing to do. */
export function soonestWarmUpMs({ activeMs, degradedMs }: WarmUpPolicy): number {
  const intervals = [activeMs, degradedMs].filter((intervalMs) => intervalMs > 0);
  return intervals.length === 0 ? 0 : Math.min(...intervals) * (1 - spreadShare);
}

function intervalOf(state: WindowState, { activeMs, degradedMs }: WarmUpPolicy): number {
  if (state === 'active') return activeMs;
  return state === 'degraded' ? degradedMs : 0;
}
