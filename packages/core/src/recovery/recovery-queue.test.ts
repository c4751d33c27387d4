import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChunkId, chunkKey } from '../chunk-id.ts';
import { createPlacement } from '../placement/placement.ts';
import { type LostChunk, type RecoveryLimits, RecoveryQueue, type RecoveryStep } from './recovery-queue.ts';

const limits: RecoveryLimits = {
  ...{ spread: 20, perNode: 4, concurrency: 80, attempts: 4, pauseMs: 100, pauseMaxMs: 1000, maxBacklog: 1000 },
};

const mib = 1024 * 1024;

/** A fleet as the queue sees it, with what is where; whatever is started is booked at once. */
class Scene {
  readonly queue: RecoveryQueue;
  readonly placement;
  readonly used: number[];
  readonly capacityBytes: number;
  readonly unfit = new Set<number>();
  readonly busy = new Set<string>();
  /** Places by fragment; a chunk that is not held is in `missing`. */
  readonly fragments = new Map<string, number[]>();
  readonly missing = new Map<string, LostChunk>();
  nowMs = 0;

  constructor(
    nodes: number,
    changes: Partial<RecoveryLimits> = {},
    capacityBytes = 100 * mib,
    groupSize = Math.min(4, nodes),
  ) {
    this.capacityBytes = capacityBytes;
    this.queue = new RecoveryQueue({ ...limits, ...changes });
    this.placement = createPlacement({ nodes, groupSize });
    this.used = new Array<number>(nodes).fill(0);
  }

  /** One fragment of an object of its own, a MiB per chunk. */
  put(counter: number, nodes: readonly number[]): void {
    this.fragments.set(fragmentKey({ epoch: 1, counter, fragment: 0, index: 0 }), [...nodes]);
    for (const node of nodes) this.used[node] = (this.used[node] ?? 0) + mib;
  }

  lose(node: number, touchedMs: (counter: number) => number = () => 0, parity: readonly number[] = []) {
    const lost: LostChunk[] = [];
    for (const [key, nodes] of this.fragments) {
      const [epoch = 0, counter = 0, fragment = 0] = key.split('.').map(Number);
      const index = nodes.indexOf(node);
      const id: ChunkId = { epoch, counter, fragment, index };
      if (index === -1 || this.missing.has(chunkKey(id))) continue;
      const kind = parity.includes(index) ? 'parity' : 'data';
      lost.push({ id, lengthBytes: mib, kind, inStore: true, touchedMs: touchedMs(counter) });
    }
    for (const chunk of lost) {
      this.missing.set(chunkKey(chunk.id), chunk);
      this.used[node] = (this.used[node] ?? 0) - mib;
    }
    return this.queue.lost(node, lost);
  }

  next(): RecoveryStep {
    const step = this.queue.next(
      {
        usedBytes: (node) => this.used[node] ?? 0,
        capacityBytes: () => this.capacityBytes,
        available: (node) => !this.unfit.has(node),
        state: (id) => {
          const nodes = this.fragments.get(fragmentKey(id));
          if (nodes === undefined) return { kind: 'gone' };
          if (this.busy.has(chunkKey(id))) return { kind: 'busy' };
          return this.missing.has(chunkKey(id)) ? { kind: 'lost', nodes } : { kind: 'held' };
        },
      },
      this.placement,
      this.nowMs,
    );
    if (step.kind === 'start') this.used[step.node] = (this.used[step.node] ?? 0) + mib;
    return step;
  }

  /** Everything that may begin now. */
  starts(): Extract<RecoveryStep, { kind: 'start' }>[] {
    const begun: Extract<RecoveryStep, { kind: 'start' }>[] = [];
    for (let step = this.next(); step.kind === 'start'; step = this.next()) begun.push(step);
    return begun;
  }

  end({ chunk, node }: Extract<RecoveryStep, { kind: 'start' }>, ok: boolean): boolean {
    const nodes = this.fragments.get(fragmentKey(chunk.id));
    if (ok && nodes !== undefined) {
      nodes[chunk.id.index] = node;
      this.missing.delete(chunkKey(chunk.id));
      this.queue.held(chunk.id);
      return false;
    }
    this.used[node] = (this.used[node] ?? 0) - mib;
    return this.queue.failed(chunk.id, 'away', this.nowMs);
  }
}

function fragmentKey({ epoch, counter, fragment }: ChunkId): string {
  return `${epoch}.${counter}.${fragment}`;
}

describe('recovery', () => {
  it('begins with the hottest, and with what a read asks for before all', () => {
    const scene = new Scene(8, { concurrency: 1 });
    for (let counter = 1; counter <= 4; counter++) scene.put(counter, [0, 1]);
    scene.lose(0, (counter) => counter % 3);
    const begun: number[] = [];
    const one = () => {
      const [start] = scene.starts();
      if (start === undefined) throw new Error('nothing began');
      begun.push(start.chunk.id.counter);
      scene.end(start, true);
    };
    one();
    scene.queue.want({ epoch: 1, counter: 3, fragment: 0, index: 0 });
    one();
    one();
    one();
    expect(begun).toEqual([2, 3, 1, 4]);
    expect(scene.next()).toEqual({ kind: 'wait', untilMs: undefined });
  });

  it.each([1, 2, 4, 8, 16, 20])('is spread over %i nodes when that is the limit', (spread) => {
    const scene = new Scene(40, { spread, perNode: 2 });
    for (let counter = 1; counter <= 90; counter++) scene.put(counter, [0, 1, 2, 3]);
    scene.lose(0);
    const nodes = scene.starts().map((start) => start.node);
    expect(new Set(nodes).size).toBe(spread);
    expect(nodes).toHaveLength(Math.min(80, 2 * spread));
  });

  it('of a small loss wakes no more nodes than it needs, and opens no group for it', () => {
    const scene = new Scene(40, { perNode: 4 });
    for (let counter = 1; counter <= 4; counter++) scene.put(counter, [0, 1]);
    scene.lose(0);
    expect(new Set(scene.starts().map((start) => start.node)).size).toBe(1);
    expect(scene.placement.windows()).toEqual([]);
  });

  it('leaves parity that the store’s bytes can give to the next read', () => {
    const scene = new Scene(8);
    for (let counter = 1; counter <= 4; counter++) scene.put(counter, counter % 2 === 0 ? [0, 1] : [1, 0]);
    expect(scene.lose(0, () => 0, [1])).toEqual({ queued: 2, leftParity: 2, givenUp: 0 });
  });

  it('lets the node that lost it take part, and gives up what finds no room', () => {
    const scene = new Scene(2, {}, mib + 1024 * 1024);
    scene.put(1, [0, 1]);
    scene.lose(0);
    expect(scene.starts()).toMatchObject([{ node: 0 }]);
    const full = new Scene(2, {}, mib + 1024 * 1024);
    full.put(1, [0, 1]);
    full.lose(0);
    full.used[0] = 2 * mib;
    expect(full.next()).toMatchObject({ kind: 'give-up', reason: 'room' });
    expect(full.queue.backlog).toBe(0);
  });

  it('leaves a node that failed alone for a while, and gives a chunk up within its budget', () => {
    const scene = new Scene(2, { attempts: 3 });
    scene.put(1, [0, 1]);
    scene.lose(0);
    const dueMs: (number | undefined)[] = [];
    let givenUp = false;
    for (let attempt = 1; attempt <= 3; attempt++) {
      const [start] = scene.starts();
      if (start === undefined) throw new Error('nothing began');
      givenUp = scene.end(start, false);
      const step = scene.next();
      if (step.kind !== 'wait') throw new Error('it went on at once');
      dueMs.push(step.untilMs);
      scene.nowMs = step.untilMs ?? scene.nowMs;
    }
    expect(dueMs).toEqual([100, 300, undefined]);
    expect(givenUp).toBe(true);
    expect(scene.queue.backlog).toBe(0);
  });

  it('waits for a fragment that is being written, and for nodes that are away', () => {
    const scene = new Scene(2);
    scene.put(1, [0, 1]);
    scene.lose(0);
    scene.busy.add('1.1.0.0');
    expect(scene.next()).toEqual({ kind: 'wait', untilMs: 100 });
    scene.busy.clear();
    scene.unfit.add(0);
    scene.nowMs = 100;
    expect(scene.next()).toEqual({ kind: 'wait', untilMs: 1100 });
    scene.unfit.clear();
    expect(scene.next()).toMatchObject({ kind: 'start', node: 0 });
  });

  it('forgets dropped objects, and has a bound', () => {
    const scene = new Scene(4, { maxBacklog: 2 });
    for (let counter = 1; counter <= 3; counter++) scene.put(counter, [0, 1]);
    expect(scene.lose(0)).toEqual({ queued: 2, leftParity: 0, givenUp: 1 });
    scene.queue.drop({ epoch: 1, counter: 1 });
    expect(scene.queue.backlog).toBe(1);
    scene.queue.clear();
    expect(scene.next()).toEqual({ kind: 'wait', untilMs: undefined });
  });
});

const planArbitrary = fc.record({
  nodes: fc.integer({ min: 4, max: 14 }),
  spread: fc.integer({ min: 1, max: 6 }),
  perNode: fc.integer({ min: 1, max: 3 }),
  concurrency: fc.integer({ min: 1, max: 10 }),
  capacity: fc.integer({ min: 6, max: 40 }),
  objects: fc.integer({ min: 1, max: 20 }),
  events: fc.array(
    fc.record({ kind: fc.constantFrom('lose', 'end', 'end', 'fail', 'want', 'drop', 'wait'), at: fc.nat() }),
    { maxLength: 120 },
  ),
});

type Plan = typeof planArbitrary extends fc.Arbitrary<infer P> ? P : never;

/** Carries a plan out, checking each decision; gives all of them. */
function carryOut(plan: Plan): readonly RecoveryStep[] {
  const { nodes, spread, perNode, concurrency } = plan;
  const scene = new Scene(nodes, { spread, perNode, concurrency }, plan.capacity * mib);
  for (let counter = 1; counter <= plan.objects; counter++) scene.put(counter, [0, 1, 2, 3]);
  const steps: RecoveryStep[] = [];
  const running: Extract<RecoveryStep, { kind: 'start' }>[] = [];
  const attempts = new Map<LostChunk, number>();
  const pump = () => {
    for (let step = scene.next(); ; step = scene.next()) {
      steps.push(step);
      if (step.kind === 'give-up') continue;
      if (step.kind === 'wait') return;
      running.push(step);
      const { id } = step.chunk;
      const tries = (attempts.get(step.chunk) ?? 0) + 1;
      attempts.set(step.chunk, tries);
      expect(tries).toBeLessThanOrEqual(limits.attempts);
      const places = scene.fragments.get(fragmentKey(id)) ?? [];
      const sharing = running.filter(({ chunk }) => fragmentKey(chunk.id) === fragmentKey(id));
      expect(new Set(sharing.map(({ node }) => node)).size).toBe(sharing.length);
      for (const [index, node] of places.entries()) if (index !== id.index) expect(node).not.toBe(step.node);
      expect(scene.used[step.node]).toBeLessThanOrEqual(scene.capacityBytes);
      expect(running.filter(({ node }) => node === step.node).length).toBeLessThanOrEqual(perNode);
      expect(running.length).toBeLessThanOrEqual(concurrency);
    }
  };
  const happen = (kind: string, at: number) => {
    const nodeCount = scene.used.length;
    if (kind === 'lose') scene.lose(at % nodeCount, (counter) => counter % 5);
    if (kind === 'want') scene.queue.want({ epoch: 1, counter: (at % plan.objects) + 1, fragment: 0, index: at % 4 });
    if (kind === 'drop') {
      const counter = (at % plan.objects) + 1;
      scene.fragments.delete(`1.${counter}.0`);
      scene.queue.drop({ epoch: 1, counter });
    }
    if (kind === 'wait') scene.nowMs += at % 500;
    if ((kind === 'end' || kind === 'fail') && running.length > 0) {
      for (const start of running.splice(at % running.length, 1)) scene.end(start, kind === 'end');
    }
    pump();
  };
  for (const { kind, at } of plan.events) happen(kind, at);
  for (let round = 0; round < 10_000 && scene.queue.backlog > 0; round++) happen(round % 2 === 0 ? 'end' : 'wait', 499);
  expect(scene.queue.backlog).toBe(0);
  expect(scene.queue.running).toBe(0);
  return steps;
}

describe('whatever happens, recovery', () => {
  it('keeps chunks of a fragment apart, within every cap, and comes to an end', () => {
    fc.assert(fc.property(planArbitrary, (plan) => void carryOut(plan)));
  });

  it('decides the same again', () => {
    const decideTwice = (plan: Plan) => {
      expect(carryOut(plan)).toEqual(carryOut(plan));
    };
    fc.assert(fc.property(planArbitrary, decideTwice), { numRuns: 30 });
  });
});
