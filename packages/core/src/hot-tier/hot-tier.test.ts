import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HotSlot, HotTier } from './hot-tier.ts';

/** Names that are kept, as whoever drives the tier would see it. */
class Driver {
  readonly tier: HotTier<string>;
  readonly kept = new Map<string, HotSlot<string>>();
  readonly evicted: string[] = [];

  constructor(maxBytes: number) {
    this.tier = new HotTier(maxBytes);
  }

  /** Asks for it; true when it was there. */
  ask(name: string, costBytes: number): boolean {
    const slot = this.kept.get(name);
    if (slot !== undefined) {
      this.tier.hit(slot);
      return true;
    }
    const admitted = this.tier.admit(name, name, costBytes, (gone) => {
      this.kept.delete(gone);
      this.evicted.push(gone);
    });
    if (admitted !== undefined) this.kept.set(name, admitted);
    return false;
  }

  remove(name: string): void {
    const slot = this.kept.get(name);
    if (slot !== undefined) this.tier.remove(slot);
    this.kept.delete(name);
  }
}

describe('the hot tier', () => {
  it('lets what is asked for once pass, and keeps what is asked for again', () => {
    const driver = new Driver(1000);
    for (const name of ['a', 'b']) {
      driver.ask(name, 50);
      driver.ask(name, 50);
    }
    for (let scan = 0; scan < 200; scan++) driver.ask(`scan${scan}`, 50);
    expect([driver.kept.has('a'), driver.kept.has('b'), driver.kept.has('scan0')]).toEqual([true, true, false]);
  });

  it('remembers what has just gone, and takes it to the main queue when it comes back', () => {
    const driver = new Driver(1000);
    for (let name = 0; name < 20; name++) driver.ask(`${name}`, 50);
    driver.ask('x', 50);
    expect(driver.evicted).toEqual(['0']);
    driver.ask('0', 50);
    for (let name = 100; name < 140; name++) driver.ask(`${name}`, 50);
    expect(driver.kept.has('0')).toBe(true);
  });

  it('refuses what is larger than the small queue', () => {
    const driver = new Driver(1000);
    driver.ask('large', 101);
    expect([driver.kept.size, driver.tier.bytes, driver.tier.count]).toEqual([0, 0, 0]);
  });

  it('keeps its bounds and its accounts whatever is asked for, and decides the same again', () => {
    const event = fc.record({
      name: fc.integer({ min: 0, max: 30 }).map(String),
      costBytes: fc.integer({ min: 1, max: 120 }),
      isRemoved: fc.integer({ min: 0, max: 9 }).map((drawn) => drawn === 0),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 300 }), (events) => {
        const run = () => {
          const driver = new Driver(1000);
          for (const { name, costBytes, isRemoved } of events) {
            if (isRemoved) driver.remove(name);
            else driver.ask(name, costBytes);
            const bytes = [...driver.kept.values()].reduce((sum, slot) => sum + slot.costBytes, 0);
            expect([driver.tier.bytes, driver.tier.count]).toEqual([bytes, driver.kept.size]);
            expect(bytes).toBeLessThanOrEqual(1000);
          }
          return [driver.evicted, [...driver.kept.keys()]];
        };
        expect(run()).toEqual(run());
      }),
    );
  });
});
