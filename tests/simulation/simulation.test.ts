/** A few simulations with every test; `npm run simulate` runs as many as wanted, from random seeds. */
import { describe, expect, it } from 'vitest';
import { keptSeeds } from './kept-seeds.ts';
import { simulateAll } from './parallel.ts';
import { type SimulationReport, simulate } from './simulation.ts';

function explain({ seed, problems, log }: SimulationReport): string {
  return problems.length === 0 ? '' : `seed ${seed}\n${problems.join('\n')}\n\n${log.slice(-20_000)}`;
}

describe('the real proxy and node in a simulated world', () => {
  it.each(keptSeeds)('holds its promises, seed $seed: $why', async (kept) => {
    const report = await simulate(kept);
    expect(explain(report)).toBe('');
  });

  it('holds its promises while windows turn: objects move, and nodes are released', async () => {
    const report = await simulate({ seed: 'moves', operations: 1000, isTurning: true, maxUsdPerHour: 0 });
    expect(explain(report)).toBe('');
    expect(report.moved.chunks).toBeGreaterThan(0);
    expect(report.moved.releasedNodes).toBeGreaterThan(0);
  });

  it('holds its promises while functions have cost what they may, and within the hour they serve again', async () => {
    const report = await simulate({ seed: 'budget', operations: 1000, isTurning: true, maxUsdPerHour: 0.00004 });
    expect(explain(report)).toBe('');
    expect(report.tally.saved).toBeGreaterThan(100);
    expect(report.reads.get('memory')).toBeGreaterThan(5);
    // Waking all functions at the end has spent it, and it was waited until they may be used again.
    expect(report.virtualMs).toBeGreaterThan(3_600_000);
  });

  it('gives the same history for the same seed, byte for byte, and another one for another', async () => {
    const run = async (seed: string) => (await simulate({ seed, operations: 100 })).digest;
    const first = await run('one');
    expect(await run('one')).toBe(first);
    expect(await run('two')).not.toBe(first);
  });

  it('gives the same histories however many run at a time, in the order of the seeds', async () => {
    const wanted = ['a', 'b', 'c', 'd'].map((seed) => ({ seed, operations: 100 }));
    const run = async (jobs: number) => {
      const digests: string[] = [];
      for await (const { seed, digest } of simulateAll(wanted, jobs)) digests.push(`${seed} ${digest}`);
      return digests;
    };
    expect(await run(3)).toEqual(await run(1));
  });

  it('meets what it is there for: losses, faults of the store, deposed proxies, reads from memory, decoded and stored', async () => {
    const { faults, reads, operations, tally } = await simulate({ seed: 'variety', operations: 1000 });
    expect(operations).toBeGreaterThan(1000);
    const lost = ['idle', 'serving', 'storing'].map((doing) => `instance lost while ${doing}`);
    const others = [
      'store read refused',
      'proxy paused, another one takes over',
      'proxy crashed within an await',
      'link cut',
    ];
    for (const kind of [...lost, ...others]) expect([kind, faults.get(kind) ?? 0]).not.toEqual([kind, 0]);
    expect(tally.overlapping / tally.calls).toBeGreaterThan(0.15);
    for (const source of ['memory', 'decoded', 'store'] as const) expect(reads.get(source)).toBeGreaterThan(10);
  });
});
