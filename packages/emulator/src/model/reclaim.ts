/**
 * Which instances a reclamation on command takes: a choice without favour among those that it may take, and with a seed
 * the same one from the same state.
 */
import type { Random } from '@sion/components';
import type { ReclaimSelection } from './events.ts';
import type { Instance } from './instance.ts';

/** The victims, in the order in which they go. `candidates` come in the order of their numbers. */
export function selectVictims(
  candidates: readonly Instance[],
  selection: ReclaimSelection,
  random: Random,
): Instance[] {
  if (selection.kind === 'one') return candidates.filter((instance) => instance.id === selection.instance);
  const { functionName } = selection;
  const eligible = candidates.filter((instance) => functionName === undefined || instance.config.name === functionName);
  if (selection.kind === 'all') return eligible;
  const count = selection.kind === 'count' ? selection.count : Math.round(selection.share * eligible.length);
  return draw(eligible, count, random);
}

function draw(from: Instance[], count: number, random: Random): Instance[] {
  const drawn: Instance[] = [];
  while (drawn.length < count && from.length > 0) {
    const at = random.integer(from.length);
    const last = from.pop();
    const chosen = at === from.length ? last : from[at];
    if (chosen === undefined || last === undefined) break;
    drawn.push(chosen);
    if (chosen !== last) from[at] = last;
  }
  return drawn;
}

/** A small seeded generator (mulberry32) for choices that must replay; never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    integer: (below) => Math.floor((next() / 0x1_0000_0000) * below),
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
  };
}
