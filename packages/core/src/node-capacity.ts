/**
 * How much of a function's memory chunks may take. The node goes by it, and the proxy, until the node itself has told.
 *
 *     memory = runtime reserve + chunks + free,   free ≥ recoveryReserve × (memory − runtime reserve), and ≥ leastFreeBytes
 */
const mib = 1024 * 1024;

/** What a function's runtime is left unless a setting says otherwise, in MiB. */
export const defaultRuntimeReserveMb = 100;

/** The share of the rest that is left free unless a setting says otherwise. */
export const defaultRecoveryReserve = 0.1;

/** For chunks under way, evicted ones that the collector has not seen yet, and recovery: in small functions a share would be too little. */
const leastFreeBytes = 32 * mib;

/** Bytes of chunks, their overhead included; below 0 when there is no room at all. */
export function nodeCapacityBytes(
  memoryMb: number,
  runtimeReserveMb: number = defaultRuntimeReserveMb,
  recoveryReserve: number = defaultRecoveryReserve,
): number {
  const restBytes = (memoryMb - runtimeReserveMb) * mib;
  return Math.floor(Math.min(restBytes * (1 - recoveryReserve), restBytes - leastFreeBytes));
}
