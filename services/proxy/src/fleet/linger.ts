/**
 * How long an idle session of a node stays, and what an invocation costs: core's rules with this fleet's prices.
 */
import type { NodeIndex } from './fleet.ts';
import type { FleetSettings } from './settings.ts';

/** Asked whenever a session falls idle. */
export interface LingerPolicy {
  lingerMs(node: NodeIndex): number;
}

/** arm64 duration and request prices. */
const gbSecondUsd = 0.0000133334;
const requestUsd = 0.0000002;
/** What another invocation costs a client: a warm start and the way there and back. */
const invocationMs = 15;

export function createLingerPolicy(settings: FleetSettings): LingerPolicy {
  const waitUsdPerMs = ((settings.nodeMemoryMb / 1024) * gbSecondUsd) / 1000;
  const againUsd = requestUsd + (settings.latencyUsdPerSecond * invocationMs) / 1000;
  return { lingerMs: () => againUsd / waitUsdPerMs };
}

export function invocationUsd(billedMs: number, memoryMb: number): number {
  return requestUsd + (billedMs / 1000) * (memoryMb / 1024) * gbSecondUsd;
}
