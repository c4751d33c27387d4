/**
 * Memory: at every moment it stays within its bounds, whatever befalls the world; and who has nothing to do holds nothing.
 */
import type { Service } from '@sion/proxy';
import type { ProxyLife } from './proxy-life.ts';
import type { World } from './world.ts';

/** Notes each bound that is overrun now. */
export function checkBounds(world: World): void {
  for (const { service, process } of world.lives) {
    if (service === undefined || process.state === 'dead') continue;
    for (const overrun of overrunsOf(service, world.settings.maxEntries)) world.problem(`${process.name}: ${overrun}`);
  }
}

function overrunsOf({ engine, fleet }: Service, maxEntries: number): readonly string[] {
  const { budget } = engine.memory.parts;
  const { knowledge } = engine;
  // What is in use cannot be evicted.
  const pinned = engine.count().pinned + [...knowledge.entries()].filter(({ loading }) => loading).length;
  const nodes = Array.from({ length: fleet.size }, (_, node) => fleet.fill(node));
  const overfull = nodes.filter(({ usedBytes, capacityBytes }) => usedBytes > capacityBytes);
  return [
    ...(budget.usedBytes > budget.totalBytes ? [`bodies take ${budget.usedBytes} bytes of ${budget.totalBytes}`] : []),
    ...(knowledge.size > maxEntries + pinned ? [`the directory has ${knowledge.size} entries`] : []),
    ...(overfull.length > 0 ? [`${overfull.length} nodes are believed to hold more than they can`] : []),
  ];
}

/** What a proxy that has nothing to do must not hold. */
export function noteLeaks(world: World, life: ProxyLife, { engine, fleet }: Service): void {
  const { pinned } = engine.count();
  const { usedBytes } = engine.memory.parts.budget;
  const leaks = [
    ...(pinned > 0 ? [`${pinned} keys still have their turn`] : []),
    ...(usedBytes > 0 ? [`${usedBytes} bytes of the budget are not given back`] : []),
    ...(engine.knowledge.underWay > 0 ? [`${engine.knowledge.underWay} lookups or writes are under way`] : []),
    ...(fleet.linkCount > 0 && life.service === undefined ? [`${fleet.linkCount} links are up`] : []),
    ...(life.process.timers > 0 && life.service === undefined ? [`${life.process.timers} timers are set`] : []),
  ];
  for (const leak of leaks) world.problem(`${life.process.name}: ${leak}`);
}
