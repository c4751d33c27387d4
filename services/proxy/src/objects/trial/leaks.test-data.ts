/** What must not be left when a trial has come to rest. */
import { chunkKey, chunkLength } from '@sion/core';
import type { PlacedObject } from '../../memory/placed-object.ts';
import type { Life } from './life.test-data.ts';

/** By looking at every chunk. */
function isWhole({ fragments, layout }: PlacedObject): boolean {
  return Array.from({ length: layout.fragments }, (_, number) => number).every((number) =>
    fragments[number]?.held.every((isHeld, index) => isHeld || chunkLength(layout, number, index) === 0),
  );
}

/** `withNodes`: the nodes are this life's alone. */
export function findLeaks(life: Life, withNodes: boolean): readonly string[] {
  const { engine, fleet, store } = life;
  const { knowledge, memory } = engine;
  const leaks: string[] = [];
  const { pinned } = engine.count();
  if (pinned > 0) leaks.push(`${pinned} keys still have their turn`);
  const { usedBytes } = memory.parts.budget;
  if (usedBytes !== 0) leaks.push(`${usedBytes} bytes of the budget are not given back`);
  if (store.openUploads !== 0) leaks.push(`${store.openUploads} uploads are open`);
  const { names = 0, records = 0, bytes = 0 } = life.journaled?.depth ?? {};
  if (names + records + bytes !== 0) leaks.push(`${names} names, ${records} records and ${bytes} bytes are journaled`);
  if (knowledge.underWay !== 0) leaks.push(`${knowledge.underWay} lookups or writes are under way`);
  const known = new Set<string>();
  let placedCount = 0;
  let completeCount = 0;
  for (const { key, loading, placed } of knowledge.entries()) {
    if (loading) leaks.push(`${key} is being loaded for ever`);
    if (placed === undefined) continue;
    placedCount++;
    if (isWhole(placed)) completeCount++;
    if (placed.readers !== 0) leaks.push(`${key} has ${placed.readers} readers that are gone`);
    if (placed.dropped) leaks.push(`${key} is placed where it was dropped`);
    for (const [number, fragment] of placed.fragments.entries()) {
      if (fragment?.settled === false) leaks.push(`fragment ${number} of ${key} is not settled`);
      for (const [index, node] of fragment?.nodes.entries() ?? []) {
        known.add(`${node} ${chunkKey(placed.chunkId(number, index))}`);
      }
    }
  }
  if (memory.size !== placedCount) leaks.push(`${memory.size} layouts are tracked, ${placedCount} are placed`);
  const { inMemory, complete } = engine.count();
  if (inMemory !== placedCount || complete !== completeCount) {
    leaks.push(`${inMemory} objects are counted, ${complete} complete; there are ${placedCount}, ${completeCount}`);
  }
  if (withNodes) {
    for (let node = 0; node < fleet.size; node++) {
      for (const { id } of fleet.manifest(node)) {
        if (!known.has(`${node} ${chunkKey(id)}`)) leaks.push(`node ${node} holds ${chunkKey(id)}, which nobody knows`);
      }
    }
  }
  return leaks;
}
