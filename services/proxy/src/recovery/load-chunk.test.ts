import { describe, expect, it } from 'vitest';
import { createMemoryFleet } from '../../../../tests/doubles/memory-fleet.ts';
import type { ChunkToLoad, NodeRefusal } from '../fleet/fleet.ts';
import { createWorld, overwrite, payload, placed } from '../objects/engine-world.test-data.ts';
import { loadChunk } from './load-chunk.ts';

/** One load of a data chunk by a node that answers with these, one after the other. */
async function loadWith(...answers: readonly (NodeRefusal | 'ok')[]) {
  const world = createWorld();
  await world.engine.mutate('k', overwrite(payload(200_000)));
  await placed(world, 'k');
  const object = world.engine.knowledge.peek('k')?.placed;
  const fragment = object?.fragments[0];
  if (object === undefined || fragment === undefined) throw new Error('not placed');
  const fleet = createMemoryFleet(1, 0);
  const asked: ChunkToLoad[] = [];
  fleet.load = async (_node, chunk) => {
    const answer = answers[asked.push(chunk) - 1] ?? 'ok';
    return answer === 'ok' ? { kind: 'ok', value: undefined } : { kind: 'refused', refusal: answer };
  };
  let reads = 0;
  const { signal } = new AbortController();
  const recovery = { object, fragment, id: object.chunkId(0, 2), node: 0, signal };
  const outcome = await loadChunk({ fleet, onNodeRead: () => reads++ }, recovery);
  return { outcome, asked, reads };
}

describe('a load of a lost chunk', () => {
  it('asks for its range of exactly this version', async () => {
    const { outcome, asked, reads } = await loadWith('ok');
    expect({ outcome, reads }).toEqual({ outcome: undefined, reads: 1 });
    expect(asked).toMatchObject([{ storeName: 'k', offset: 100_000, lengthBytes: 50_000 }]);
    expect(asked[0]?.etag).not.toBe('');
  });

  it.each<[NodeRefusal, string, number]>([
    ['capacity', 'full', 0],
    ['unavailable', 'away', 0],
    ['timeout', 'away', 0],
    ['busy', 'other', 0],
    ['superseded', 'other', 1],
    ['corrupt', 'final', 1],
    ['invalid', 'final', 0],
    ['closed', 'other', 0],
  ])('that is refused as %s has failed as %s, after %i reads of the store', async (refusal, outcome, reads) => {
    expect(await loadWith(refusal)).toMatchObject({ outcome, reads, asked: { length: 1 } });
  });
});
