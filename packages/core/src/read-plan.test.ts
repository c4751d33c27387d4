import { describe, expect, test } from 'vitest';
import { createFragmentRead, type FragmentRead, type FragmentReadOptions, type FragmentReadStep } from './read-plan.ts';

function read(options: Partial<FragmentReadOptions> & { dataChunks: number; parityChunks: number }): FragmentRead {
  const chunks = options.dataChunks + options.parityChunks;
  return createFragmentRead({
    places: Array.from({ length: chunks }, (_, index) => index),
    wanted: Array.from({ length: options.dataChunks }, (_, index) => index),
    ...options,
  });
}

describe('a fragment read', () => {
  test('asks the wanted chunks only, and needs no decoding when all come', () => {
    const plan = read({ dataChunks: 4, parityChunks: 2 });
    expect(plan.start()).toEqual({ ask: [0, 1, 2, 3] });
    for (const index of [2, 0, 3]) expect(plan.onChunk(index)).toEqual({ ask: [] });
    expect(plan.onChunk(1)).toEqual({ ask: [], finished: { kind: 'complete', decode: false } });
  });

  test('replaces a failed chunk by a parity chunk', () => {
    const plan = read({ dataChunks: 2, parityChunks: 1 });
    plan.start();
    expect(plan.onFailure(0)).toEqual({ ask: [2] });
    expect(plan.onChunk(2)).toEqual({ ask: [] });
    expect(plan.onChunk(1)).toEqual({ ask: [], finished: { kind: 'complete', decode: true } });
  });

  test('a chunk without a place is replaced at the start', () => {
    const plan = read({ dataChunks: 4, parityChunks: 2, places: [0, undefined, 2, 3, undefined, 5] });
    expect(plan.start()).toEqual({ ask: [0, 2, 3, 5] });
  });

  test('goes to the store at once when too few are placed, for all that is wanted', () => {
    const plan = read({ dataChunks: 4, parityChunks: 2, places: [0, undefined, undefined, undefined, 4, 5] });
    expect(plan.start()).toEqual({ ask: [], finished: { kind: 'store', missing: [0, 1, 2, 3] } });
  });

  test('a range read asks its chunks alone, placed elsewhere or not', () => {
    const plan = read({
      dataChunks: 4,
      parityChunks: 2,
      wanted: [2],
      places: [0, 1, 2, undefined, undefined, undefined],
    });
    expect(plan.start()).toEqual({ ask: [2] });
    expect(plan.onChunk(2)).toEqual({ ask: [], finished: { kind: 'complete', decode: false } });
  });

  test('a range read widens to as many as decoding needs', () => {
    const plan = read({ dataChunks: 4, parityChunks: 2, wanted: [2] });
    plan.start();
    expect(plan.onFailure(2)).toEqual({ ask: [0, 1, 3, 4] });
    expect(plan.onFailure(0)).toEqual({ ask: [5] });
    expect(plan.onFailure(1)).toEqual({ ask: [], finished: { kind: 'store', missing: [2] } });
  });

  test('the store step leaves out what is here and names what is under way', () => {
    const plan = read({ dataChunks: 3, parityChunks: 0 });
    plan.start();
    plan.onChunk(0);
    expect(plan.outstanding()).toEqual([1, 2]);
    expect(plan.onFailure(1)).toEqual({ ask: [], finished: { kind: 'store', missing: [1, 2] } });
  });

  test('a hedge asks as many as would do without the late ones', () => {
    const plan = read({ dataChunks: 4, parityChunks: 2 });
    plan.start();
    for (const index of [0, 1, 2]) plan.onChunk(index);
    expect(plan.onHedge()).toEqual({ ask: [4] });
    expect(plan.onHedge()).toEqual({ ask: [5] });
    expect(plan.onHedge()).toEqual({ ask: [] });
    expect(plan.onChunk(5)).toEqual({ ask: [], finished: { kind: 'complete', decode: true } });
  });

  test('a hedged range read asks enough to decode', () => {
    const plan = read({ dataChunks: 4, parityChunks: 2, wanted: [1] });
    plan.start();
    expect(plan.onHedge()).toEqual({ ask: [0, 2, 3, 4] });
    expect(plan.onChunk(1)).toEqual({ ask: [], finished: { kind: 'complete', decode: false } });
  });

  test('beside doubtful chunks as many others are asked from the start, the doubtful ones last of all', () => {
    const plan = read({ dataChunks: 4, parityChunks: 2, doubtful: [1, 4] });
    expect(plan.start()).toEqual({ ask: [0, 1, 2, 3, 5] });
    for (const index of [0, 2, 3]) plan.onChunk(index);
    expect(plan.onChunk(5)).toEqual({ ask: [], finished: { kind: 'complete', decode: true } });
    const range = read({ dataChunks: 4, parityChunks: 0, wanted: [2], doubtful: [2], places: [0, 1, 2, 3] });
    expect(range.start()).toEqual({ ask: [2, 0] });
    expect(range.onChunk(2)).toEqual({ ask: [], finished: { kind: 'complete', decode: false } });
  });

  test('chunks that lag behind all others are replaced, as far as there are others', () => {
    const plan = read({ dataChunks: 4, parityChunks: 2, places: [0, 1, 2, 3, undefined, 5] });
    plan.start();
    plan.onChunk(0);
    expect(plan.isNearlyDone()).toBe(false);
    plan.onChunk(1);
    expect(plan.isNearlyDone()).toBe(true);
    plan.onChunk(3);
    expect(plan.onLag()).toEqual({ ask: [5] });
    expect(plan.onLag()).toEqual({ ask: [] });
    expect(plan.onChunk(5)).toEqual({ ask: [], finished: { kind: 'complete', decode: true } });
    expect(plan.onLag()).toEqual({ ask: [] });
    const bare = read({ dataChunks: 4, parityChunks: 2, places: [0, 1, 2, 3, undefined, undefined] });
    bare.start();
    for (const index of [0, 1, 3]) bare.onChunk(index);
    expect(bare.onLag()).toEqual({ ask: [] });
    expect(bare.onChunk(2)).toEqual({ ask: [], finished: { kind: 'complete', decode: false } });
  });

  test('a read of one chunk has no others to be compared with', () => {
    const plan = read({ dataChunks: 1, parityChunks: 1 });
    plan.start();
    expect(plan.isNearlyDone()).toBe(false);
  });

  test('known chunks are not asked and count towards decoding', () => {
    const plan = read({ dataChunks: 4, parityChunks: 1, known: [2, 3] });
    expect(plan.start()).toEqual({ ask: [0, 1] });
    expect(plan.onFailure(1)).toEqual({ ask: [4] });
    plan.onChunk(4);
    expect(plan.onChunk(0)).toEqual({ ask: [], finished: { kind: 'complete', decode: true } });
    const all = read({ dataChunks: 2, parityChunks: 0, known: [0, 1] });
    expect(all.start()).toEqual({ ask: [], finished: { kind: 'complete', decode: false } });
  });

  test('chunks from elsewhere are taken, and a late failure does not undo them', () => {
    const plan = read({ dataChunks: 2, parityChunks: 0 });
    plan.start();
    expect(plan.onChunk(0)).toEqual({ ask: [] });
    expect(plan.onFailure(0)).toEqual({ ask: [] });
    expect(plan.missing()).toEqual([1]);
    expect(plan.onChunk(1).finished).toEqual({ kind: 'complete', decode: false });
    expect(plan.onFailure(1)).toEqual({ ask: [] });
    expect(plan.onHedge()).toEqual({ ask: [] });
  });

  test('refuses contradictory options and unknown chunks', () => {
    expect(() => read({ dataChunks: 2, parityChunks: 1, places: [0, 1] })).toThrow('3 entries');
    expect(() => read({ dataChunks: 2, parityChunks: 1, wanted: [] })).toThrow(RangeError);
    expect(() => read({ dataChunks: 2, parityChunks: 1, wanted: [2] })).toThrow(RangeError);
    expect(() => read({ dataChunks: 2, parityChunks: 1, known: [3] })).toThrow(RangeError);
    expect(() => read({ dataChunks: 2, parityChunks: 1 }).onChunk(3)).toThrow(RangeError);
  });
});

/** What the outside does: each asked chunk fails or comes by `fate`, in any order, with hedges at any moment. */
interface Run {
  readonly options: FragmentReadOptions;
  readonly fate: number;
  readonly events: readonly (number | 'hedge')[];
}

function subsets(count: number): number[][] {
  return Array.from({ length: 1 << count }, (_, mask) =>
    Array.from({ length: count }, (_, index) => index).filter((index) => (mask >> index) & 1),
  );
}

/** Plays a run again from its start and says what happened; checks what must hold at every step. */
function play({ options, fate, events }: Run) {
  const plan = createFragmentRead(options);
  const asked = new Set<number>();
  const pending = new Set<number>();
  const here = new Set<number>(options.known);
  let finished: FragmentReadStep['finished'];
  const take = (step: FragmentReadStep) => {
    for (const index of step.ask) {
      expect(asked.has(index)).toBe(false);
      expect(options.places[index]).toBeDefined();
      asked.add(index);
      pending.add(index);
    }
    if (step.finished === undefined) return;
    expect(finished).toBeUndefined();
    finished = step.finished;
  };
  take(plan.start());
  for (const event of events) {
    if (event === 'hedge') take(plan.onHedge());
    else {
      pending.delete(event);
      if ((fate >> event) & 1) here.add(event);
      take((fate >> event) & 1 ? plan.onChunk(event) : plan.onFailure(event));
    }
  }
  return { finished, asked, pending, here };
}

function checkEnd({ options, fate }: Run, { finished, asked, here }: ReturnType<typeof play>): void {
  const { dataChunks, places, wanted, known = [] } = options;
  const sound = places.flatMap((node, index) =>
    known.includes(index) || (node !== undefined && (fate >> index) & 1) ? [index] : [],
  );
  if (finished?.kind === 'complete') {
    expect(wanted.every((index) => here.has(index))).toBe(!finished.decode);
    if (finished.decode) expect(here.size).toBeGreaterThanOrEqual(dataChunks);
  } else {
    expect(finished?.missing).toEqual(wanted.filter((index) => !here.has(index)));
    expect(sound.length).toBeLessThan(dataChunks);
    expect(wanted.every((index) => sound.includes(index))).toBe(false);
  }
  const wantedPlaced = wanted.every((index) => known.includes(index) || sound.includes(index));
  if (wantedPlaced && asked.size === wanted.filter((index) => !known.includes(index)).length) {
    expect(finished).toEqual({ kind: 'complete', decode: false });
  }
}

/** Visits every order in which the pending chunks can answer, with at most `hedges` hedges in between. */
function explore(run: Run, hedges: number): number {
  const result = play(run);
  if (result.finished !== undefined) {
    checkEnd(run, result);
    return 1;
  }
  expect(result.pending.size).toBeGreaterThan(0);
  let ends = 0;
  for (const index of result.pending) ends += explore({ ...run, events: [...run.events, index] }, hedges);
  if (hedges > 0) ends += explore({ ...run, events: [...run.events, 'hedge'] }, hedges - 1);
  return ends;
}

describe('every run of small shapes', () => {
  test.each([
    [1, 0, 2],
    [1, 1, 2],
    [2, 0, 2],
    [2, 1, 1],
    [2, 2, 0],
    [3, 1, 0],
  ])('%i+%i with up to %i hedges never waits for nothing and ends right', (dataChunks, parityChunks, hedges) => {
    const chunks = dataChunks + parityChunks;
    let ends = 0;
    for (const placed of subsets(chunks)) {
      for (const wanted of subsets(dataChunks).slice(1)) {
        for (let fate = 0; fate < 1 << chunks; fate++) {
          const places = Array.from({ length: chunks }, (_, index) => (placed.includes(index) ? index : undefined));
          ends += explore({ options: { dataChunks, parityChunks, places, wanted }, fate, events: [] }, hedges);
        }
      }
    }
    expect(ends).toBeGreaterThan(chunks);
  });
});
