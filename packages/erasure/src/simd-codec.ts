/**
 * The codec over the WebAssembly kernel. It walks the chunks slice by slice, gives the kernel addresses, and lets it do the
 * steps of `coding-plan.ts`. It owns no bytes: those of a call stay its caller's.
 */
import { assertEncode, assertRun, assertShape, assertTargets, type Codec, rebuildFresh } from './codec.ts';
import { type CodingMemory, wholeSteps } from './coding-memory.ts';
import { lostSource, planEncode, planRebuild, type Step, tablesOf } from './coding-plan.ts';
import { weightOf } from './matrix.ts';
import { type Chunks, SliceWalk } from './slice-walk.ts';

/** Steps with the chunks they read and write. */
interface Plan {
  readonly steps: readonly Step[];
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

export class SimdCodec implements Codec {
  readonly dataChunks: number;
  readonly parityChunks: number;
  readonly #memory: CodingMemory;
  readonly #encode: Plan;
  readonly #walk: SliceWalk;
  /** The last plan of a rebuild, by what was lost and what was wanted: slices of one fragment follow each other. */
  #rebuild: { readonly name: number; readonly plan: Plan } | undefined;

  constructor(memory: CodingMemory, dataChunks: number, parityChunks: number) {
    assertShape(dataChunks, parityChunks);
    this.dataChunks = dataChunks;
    this.parityChunks = parityChunks;
    this.#memory = memory;
    this.#encode = planOf(planEncode(dataChunks, parityChunks));
    this.#walk = new SliceWalk(memory, dataChunks + parityChunks);
  }

  addToParity(parity: readonly Uint8Array[], index: number, bytes: Uint8Array, offset: number): void {
    this.addRunToParity(parity, index, [bytes], offset);
  }

  addRunToParity(parity: readonly Uint8Array[], index: number, pieces: readonly Uint8Array[], offset: number): void {
    assertRun(this, parity, index, pieces, offset);
    const lengthBytes = pieces[0]?.length ?? 0;
    if (parity.length === 0 || lengthBytes === 0) return;
    const chunks: (Uint8Array | undefined)[] = new Array(this.dataChunks).fill(undefined);
    for (const [at, piece] of pieces.entries()) chunks[index + at] = piece;
    for (const chunk of parity) chunks.push(chunk.subarray(offset, offset + lengthBytes));
    const run = Array.from({ length: pieces.length }, (_, at) => index + at);
    const writes = Array.from({ length: this.parityChunks }, (_, row) => this.dataChunks + row);
    const work = { sources: chunks, reads: [...run, ...writes], targets: chunks, writes };
    const passes = parity.length > 2 ? 2 : 1;
    this.#walk.walk(lengthBytes, { ...work, passes }, (bytes) => this.#addSlice(run, wholeSteps(bytes)));
  }

  encode(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void {
    const chunkBytes = assertEncode(this, data, parity);
    const targets: (Uint8Array | undefined)[] = new Array(this.dataChunks).fill(undefined);
    this.#run(this.#encode, data, targets.concat(parity), chunkBytes);
  }

  rebuild(chunks: Chunks, chunkBytes: number, wanted: readonly number[]): Map<number, Uint8Array> {
    return rebuildFresh(this, chunks, chunkBytes, wanted);
  }

  rebuildInto(chunks: Chunks, targets: ReadonlyMap<number, Uint8Array>): void {
    const chunkBytes = assertTargets(this, chunks, targets);
    if (targets.size === 0) return;
    const places = chunks.map((_, index) => targets.get(index));
    this.#run(this.#planRebuild(chunks, places), chunks, places, chunkBytes);
  }

  #planRebuild(chunks: Chunks, targets: Chunks): Plan {
    let name = 0;
    for (let index = 0; index < chunks.length; index++) {
      name = name * 4 + (chunks[index] === undefined ? 2 : 0) + (targets[index] === undefined ? 0 : 1);
    }
    if (this.#rebuild?.name === name) return this.#rebuild.plan;
    const indices = [...chunks.keys()];
    const lost = indices.filter((index) => chunks[index] === undefined);
    const wanted = indices.filter((index) => targets[index] !== undefined);
    const plan = planOf(planRebuild(this.dataChunks, this.parityChunks, lost, wanted));
    this.#rebuild = { name, plan };
    return plan;
  }

  #run({ steps, reads, writes }: Plan, sources: Chunks, targets: Chunks, chunkBytes: number): void {
    const [first] = steps;
    const passes = steps.length;
    if (first !== undefined) this.#setTables(first);
    this.#walk.walk(chunkBytes, { sources, reads, targets, writes, passes }, (bytes) => {
      for (const step of steps) {
        if (passes > 1) this.#setTables(step);
        this.#do(step, wholeSteps(bytes));
      }
    });
  }

  #setTables(step: Step): void {
    if ('tables' in step) this.#memory.setTables(step.tables);
  }

  #setSources(chunks: readonly number[]): void {
    for (let at = 0; at < chunks.length; at++) this.#memory.setSource(at, this.#at(chunks[at] ?? lostSource));
  }

  #at(chunk: number): number {
    return this.#walk.addresses[chunk] ?? 0;
  }

  #do(step: Step, bytes: number): void {
    const { loops, sources, tables } = this.#memory;
    this.#setSources(step.sources);
    const count = step.sources.length;
    switch (step.kind) {
      case 'sum':
        return loops.sum(sources, count, this.#at(step.target), bytes);
      case 'sumPair':
        return loops.sumPair(sources, count, this.#at(step.targets[0]), this.#at(step.targets[1]), bytes);
      case 'solvePair': {
        const [first, second] = step.targets;
        return loops.solvePair(sources, count - 2, this.#at(first), this.#at(second), tables, bytes);
      }
      case 'weigh':
        return loops.weigh(sources, count, this.#at(step.target), tables, bytes, 0);
      case 'weighPair': {
        const [first, second] = step.targets;
        return loops.weighPair(sources, count, this.#at(first), this.#at(second), tables, bytes, 0);
      }
    }
  }

  /** Adds a slice of a run of chunks to that of the parity chunks. */
  #addSlice(run: readonly number[], bytes: number): void {
    const { loops, sources, tables } = this.#memory;
    const [first = 0] = run;
    const [row0, row1, row2, row3] = Array.from({ length: this.parityChunks }, (_, row) =>
      this.#at(this.dataChunks + row),
    );
    const weights = (row: number) => run.map((chunk) => weightOf(row, chunk));
    this.#setSources(run);
    if (row0 !== undefined && row1 !== undefined) {
      this.#memory.setTables(tablesOf([weightOf(1, first)]));
      loops.addPair(sources, run.length, row0, row1, tables, bytes);
    } else if (row0 !== undefined) {
      this.#memory.setSource(run.length, row0);
      loops.sum(sources, run.length + 1, row0, bytes);
    }
    if (row2 !== undefined && row3 !== undefined) {
      const others = weights(3);
      this.#memory.setTables(tablesOf(weights(2).flatMap((weight, at) => [weight, others[at] ?? 0])));
      loops.weighPair(sources, run.length, row2, row3, tables, bytes, 1);
    } else if (row2 !== undefined) {
      this.#memory.setTables(tablesOf(weights(2)));
      loops.weigh(sources, run.length, row2, tables, bytes, 1);
    }
  }
}

function planOf(steps: readonly Step[]): Plan {
  const writes = steps.flatMap((step) => ('target' in step ? [step.target] : [...step.targets]));
  const reads = [...new Set(steps.flatMap((step) => step.sources))].filter((chunk) => chunk !== lostSource);
  return { steps, reads, writes };
}
