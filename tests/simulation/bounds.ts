/**
 * Memory: at every moment it stays within its bounds, whatever befalls the world; and who has nothing to do holds nothing.
 */
import type { Service } from '@sion/proxy';
import type { ProxyLife } from './proxy-life.ts';
import type { World } from './world.ts';

/** Notes each bound that is overrun now, and each book that lists more than its node holds. */
export function checkBounds(world: World): void {
  for (const life of world.lives) {
    const { service, process } = life;
    if (service === undefined || process.state === 'dead') continue;
    const overruns = overrunsOf(service, world.settings.maxEntries);
    // A deposed proxy does not hear what its heir does with the nodes.
    const wrong = life === world.lives.at(-1) ? [...overruns, ...wrongBooksOf(life, service, world)] : overruns;
    for (const what of wrong) world.problem(`${process.name}: ${what}`);
  }
}

/**
 * After a session with an instance its book is known to be right: what it lists is held. Not what an old snapshot has put
 * into the book since that session began.
 */
function wrongBooksOf({ loadedMs }: ProxyLife, { fleet }: Service, { returned }: World): readonly string[] {
  return fleet.status().flatMap(({ functionName, state, instance, chunks }) => {
    const { result, begunMs = 0 } = returned.get(functionName) ?? {};
    const isKnown = state === 'idle' && result?.ended === 'end' && result.instance === instance && begunMs > loadedMs;
    if (!isKnown || chunks <= result.chunks) return [];
    return [`${functionName} is believed to hold ${chunks} chunks, but its instance has ${result.chunks}`];
  });
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
