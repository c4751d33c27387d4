/**
 * Which objects are worth a place in memory at all. Most objects of a registry are read once, so placing each of them costs
 * more than it saves, if the second read may come from the store. Pure; what there is to choose from was measured on a
 * recorded workload (`docs/windows.md`).
 */

/** When a read that the store served takes its object into memory. */
export const placingReads = ['first', 'second', 'never'] as const;

/**
 * `first`: at once. `second`: when the directory knows that it was read before, since it was written or last forgotten.
 * `never`: not at all.
 */
export type PlacingRead = (typeof placingReads)[number];

/** Whether a whole read is to place its object; `earlierReads` are those that the directory knows of. */
export function isWorthPlacing(policy: PlacingRead, earlierReads: number): boolean {
  return policy === 'first' || (policy === 'second' && earlierReads > 0);
}

/** Whether a write is placed: what it says itself comes first; what memory alone is to have goes there. */
export function isPlacedOnPut(policy: boolean, asked: boolean | undefined, isMemoryAlone: boolean): boolean {
  return asked ?? (policy || isMemoryAlone);
}
