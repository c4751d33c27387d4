import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Order } from './order.ts';

it('an order gives its entries from first to last, whatever is added in between', () => {
  const steps = fc.array(fc.option(fc.integer(), { freq: 3 }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (values) => {
      const order = new Order<number>((a, b) => a < b);
      const kept: number[] = [];
      for (const value of values) {
        if (value !== null) {
          order.add(value);
          kept.push(value);
          continue;
        }
        kept.sort((a, b) => a - b);
        expect(order.first()).toBe(kept[0]);
        expect(order.take()).toBe(kept.shift());
      }
      for (const value of kept.toSorted((a, b) => a - b)) expect(order.take()).toBe(value);
      expect(order.take()).toBeUndefined();
    }),
  );
});
