import { describe, expect, it } from 'vitest';
import { nextTurn } from '../../../../../tests/doubles/turns.ts';
import { mapBounded } from './bounded.ts';

describe('mapBounded', () => {
  it('begins in order, keeps its bound and gives results in order', async () => {
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    const results = await mapBounded([5, 1, 4, 2, 3], 2, async (turns) => {
      begun.push(turns);
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < turns; turn += 1) await nextTurn();
      running -= 1;
      return turns * 10;
    });
    expect(results).toEqual([50, 10, 40, 20, 30]);
    expect(begun).toEqual([5, 1, 4, 2, 3]);
    expect(most).toBe(2);
  });

  it('begins nothing after a failure and waits for what runs', async () => {
    const ended: number[] = [];
    const work = async (item: number) => {
      if (item === 1) throw new Error('one');
      await nextTurn();
      ended.push(item);
    };
    await expect(mapBounded([0, 1, 2, 3], 2, work)).rejects.toThrow('one');
    expect(ended).toEqual([0]);
  });
});
