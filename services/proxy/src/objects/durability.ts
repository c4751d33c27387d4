/** The durabilities in their order, and what a folded batch of writes must be acknowledged by. Pure. */
import type { Durability } from './objects.ts';

/** From the least to the most careful. */
export const durabilities = ['memory', 'journal', 'store'] as const satisfies readonly Durability[];

export function isDurability(text: string): text is Durability {
  return durabilities.some((each) => each === text);
}

/** The most careful of those that were asked for; who does not say asks for `otherwise`. */
export function strongestDurability(asked: readonly (Durability | undefined)[], otherwise: Durability): Durability {
  const ranks = asked.map((each) => durabilities.indexOf(each ?? otherwise));
  return durabilities[Math.max(-1, ...ranks)] ?? otherwise;
}
