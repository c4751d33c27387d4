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
    const overruns = [...overrunsOf(service, world.settings.maxEntries), ...sharedNodesOf(service)];
    // A deposed proxy does not hear what its heir does with the nodes.
    const wrong = life === world.lives.at(-1) ? [...overruns, ...wrongBooksOf(life, service, world)] : overruns;
    for (const what of wrong) world.problem(`${process.name}: ${what}`);
  }
}

/**
 * After a session with an instance its book is known to be right: what it lists is held. Not what an old snapshot has put
 * into the book since that session began, nor after a session of a proxy that is deposed and does not know it yet.
 */
function wrongBooksOf({ loadedMs }: ProxyLife, { fleet, lease }: Service, { returned }: World): readonly string[] {
  return fleet.status().flatMap(({ functionName, state, instance, chunks }) => {
    const { result, begunMs = 0, epoch } = returned.get(functionName) ?? {};
    const isOwn = epoch === lease.epoch && begunMs > loadedMs;
    const isKnown = isOwn && state === 'idle' && result?.ended === 'end' && result.instance === instance;
    if (!isKnown || chunks <= result.chunks) return [];
    return [`${functionName} is believed to hold ${chunks} chunks, but its instance has ${result.chunks}`];
  });
}

function overrunsOf({ engine, fleet }: Service, maxEntries: number): readonly string[] {
  const { budget } = engine.memory.parts;
  const { knowledge } = engine;
  // What is in use cannot be evicted.
  const pinned = engine.count().pinned + [...knowledge.entries()].filter(({ loading }) => loading).length;
  // What is on its way to a node that has not said yet how much it takes may be more than that.
  const overfull = fleet.status().filter(({ usedBytes, capacityBytes }) => usedBytes > capacityBytes);
  return [
    ...(budget.usedBytes > budget.totalBytes ? [`bodies take ${budget.usedBytes} bytes of ${budget.totalBytes}`] : []),
    ...(knowledge.size > maxEntries + pinned ? [`the directory has ${knowledge.size} entries`] : []),
    ...(overfull.length > 0 ? [`${overfull.length} nodes are believed to hold more than they can`] : []),
  ];
}

/** Chunks of a fragment lie on nodes of their own. */
function sharedNodesOf({ engine }: Service): readonly string[] {
  const shared: string[] = [];
  for (const { key, placed } of engine.knowledge.entries()) {
    for (const fragment of placed?.fragments ?? []) {
      const nodes = fragment?.nodes.filter((_, index) => fragment.held[index]) ?? [];
      if (new Set(nodes).size < nodes.length) shared.push(`two chunks of a fragment of ${key} share a node`);
    }
  }
  return shared;
}

/** What a proxy that has nothing to do must not hold. */
export function noteLeaks(world: World, life: ProxyLife, { engine, fleet }: Service): void {
  const { pinned } = engine.count();
  const { usedBytes } = engine.memory.parts.budget;
  const { slabs } = engine.memory.erasure.slabs;
  const leaks = [
    ...(pinned > 0 ? [`${pinned} keys still have their turn`] : []),
    ...(usedBytes > 0 ? [`${usedBytes} bytes of the budget are not given back`] : []),
    ...(slabs > 0 ? [`${slabs} slabs are not given back`] : []),
    ...(engine.knowledge.underWay > 0 ? [`${engine.knowledge.underWay} lookups or writes are under way`] : []),
    ...(fleet.linkCount > 0 && life.service === undefined ? [`${fleet.linkCount} links are up`] : []),
    ...(life.process.timers > 0 && life.service === undefined ? [`${life.process.timers} timers are set`] : []),
  ];
  for (const leak of leaks) world.problem(`${life.process.name}: ${leak}`);
}
