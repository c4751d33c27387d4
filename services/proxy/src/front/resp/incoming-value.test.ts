import { expect, it } from 'vitest';
import { IncomingValue } from './incoming-value.ts';

function create(sizeBytes: number) {
  const givenBack: Uint8Array[] = [];
  const value = new IncomingValue({
    ...{ sizeBytes, maxQueuedBytes: 4, onRoom: () => {} },
    giveBack: (piece) => {
      givenBack.push(piece);
    },
  });
  return { value, givenBack };
}

const pieces = [Buffer.from('abc'), Buffer.from('def'), Buffer.from('ghi')];

it('a piece goes back when the next one is asked for, the last one at the end', async () => {
  const { value, givenBack } = create(9);
  for (const piece of pieces) value.push(piece);
  let taken = 0;
  for await (const piece of value.pieces()) {
    expect(piece).toBe(pieces[taken]);
    expect(givenBack).toEqual(pieces.slice(0, taken));
    taken++;
  }
  expect(givenBack).toEqual(pieces);
});

it('what nobody wants any more goes back at once, but for the piece that is being used', async () => {
  const { value, givenBack } = create(9);
  const [first, second, third] = pieces;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three pieces');
  value.push(first);
  value.push(second);
  for await (const piece of value.pieces()) {
    expect(piece).toBe(first);
    value.discard();
    value.push(third);
    break;
  }
  expect(givenBack).toEqual([second, third]);
});
