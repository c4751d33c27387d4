import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChunkId } from '../chunk-id.ts';
import { CopyLedger } from './copy-ledger.ts';

const chunk = (counter: number, index = 0): ChunkId => ({ epoch: 1, counter, fragment: 0, index });

describe('the book of copies', () => {
  test('names the nodes that have one, once it has come', () => {
    const ledger = new CopyLedger();
    ledger.add({ id: chunk(1), node: 3, lengthBytes: 10 });
    expect(ledger.places(chunk(1))).toEqual([]);
    expect(ledger.has(chunk(1), 3)).toBe(true);
    expect(() => ledger.add({ id: chunk(1), node: 3, lengthBytes: 10 })).toThrow('already');
    expect(ledger.arrived(chunk(1), 3)).toBe(true);
    expect(ledger.places(chunk(1))).toEqual([3]);
    expect(ledger.of(3)).toEqual({ bytes: 10, count: 1 });
  });

  test('does not take what was removed on its way for one that has come', () => {
    const ledger = new CopyLedger();
    ledger.add({ id: chunk(1), node: 3, lengthBytes: 10 });
    expect(ledger.remove(chunk(1), 3)).toBe(true);
    expect(ledger.remove(chunk(1), 3)).toBe(false);
    expect(ledger.arrived(chunk(1), 3)).toBe(false);
    expect([ledger.count, ledger.bytes]).toEqual([0, 0]);
  });

  test('names the one used last at the end', () => {
    const ledger = new CopyLedger();
    for (const node of [1, 2, 3]) {
      ledger.add({ id: chunk(1), node, lengthBytes: 10 });
      ledger.arrived(chunk(1), node);
    }
    ledger.use(chunk(1), 2);
    expect(ledger.places(chunk(1))).toEqual([1, 3, 2]);
  });

  test('gives the one used longest ago, and none that is coming', () => {
    const ledger = new CopyLedger();
    for (const counter of [1, 2, 3]) ledger.add({ id: chunk(counter), node: 3, lengthBytes: 10 });
    expect(ledger.coldest(3)).toBeUndefined();
    for (const counter of [2, 3]) ledger.arrived(chunk(counter), 3);
    expect(ledger.coldest(3)?.id).toEqual(chunk(2));
    ledger.use(chunk(2), 3);
    expect(ledger.coldest(3)?.id).toEqual(chunk(3));
    ledger.use(chunk(9), 3);
  });

  test('adds up, by node, by chunk and by layout', () => {
    const change = fc.record({
      counter: fc.integer({ min: 1, max: 3 }),
      index: fc.integer({ min: 0, max: 1 }),
      node: fc.integer({ min: 0, max: 2 }),
      adds: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const ledger = new CopyLedger();
        const model = new Map<string, number>();
        for (const { counter, index, node, adds } of changes) {
          const [id, name] = [chunk(counter, index), `${counter} ${index} ${node}`];
          if (!adds) expect(ledger.remove(id, node)).toBe(model.delete(name));
          else if (!model.has(name)) {
            model.set(name, counter);
            ledger.add({ id, node, lengthBytes: counter });
            ledger.arrived(id, node);
          }
        }
        const names = [...model.keys()];
        expect(ledger.count).toBe(names.length);
        expect(ledger.bytes).toBe([...model.values()].reduce((sum, bytes) => sum + bytes, 0));
        for (const node of [0, 1, 2]) {
          const here = names.filter((name) => name.endsWith(` ${node}`)).length;
          expect([ledger.of(node).count, ledger.onNode(node).length]).toEqual([here, here]);
        }
        for (const counter of [1, 2, 3]) {
          const ofLayout = names.filter((name) => name.startsWith(`${counter} `)).length;
          expect(ledger.ofLayout(chunk(counter))).toHaveLength(ofLayout);
          expect(ledger.places(chunk(counter, 0)).length + ledger.places(chunk(counter, 1)).length).toBe(ofLayout);
        }
      }),
    );
  });
});
