/**
 * Reads one fragment: the wanted data chunks from memory, first d of d+p, hedged after a delay; what memory cannot give
 * comes from the store by range. The decisions are `@sion/core`'s `read-plan.ts`; here are the asks, the timer and the
 * bytes. Chunks that turned out to be missing are put back in the background when the fragment is at hand whole.
 */
import { crc32 } from 'node:zlib';
import type { ByteRange, Timer } from '@sion/components';
import {
  chunkLength,
  chunkSpan,
  createFragmentRead,
  type FragmentRead,
  type FragmentReadEnd,
  fragmentShape,
} from '@sion/core';
import { SionError } from '@sion/wire';
import type { NodeIndex } from '../fleet/fleet.ts';
import type { RequestAccount } from '../objects/request-account.ts';
import type { ObjectMemory } from './object-memory.ts';
import type { PlacedObject } from './placed-object.ts';

/** Of the time that the other chunks took, what the last ones may take beyond it; of the hedge's delay, the least of that. */
const [lagShare, leastLagShare] = [0.5, 0.1];

const readIsOver = new Error('the read has what it needs');

export interface FragmentReadOptions {
  readonly memory: ObjectMemory;
  readonly object: PlacedObject;
  readonly fragment: number;
  /** Data chunk indices. */
  readonly wanted: readonly number[];
  readonly hedgeMs: number;
  readonly fetchTimeoutMs: number;
  /** Reads bytes of the object from the store, of exactly this version; rejects when it is superseded. */
  readonly readStore: (range: ByteRange) => Promise<Uint8Array>;
  readonly signal: AbortSignal;
  /** Told of each chunk that memory brings, at once; whether nobody else has got it, so that its memory may be given back. */
  readonly onChunk?: (index: number, chunk: Uint8Array, isSole: boolean) => void;
  /** Told how long each node took. */
  readonly account?: RequestAccount;
}

export interface FragmentBytes {
  /** By data chunk index; the wanted ones are set, without padding. */
  readonly chunks: readonly (Uint8Array | undefined)[];
  readonly decoded: boolean;
  readonly storeRequests: number;
  readonly nodes: readonly NodeIndex[];
}

/** Rejects with what `readStore` rejects with, or the signal's reason. */
export async function readFragment(options: FragmentReadOptions): Promise<FragmentBytes> {
  const { object, fragment, wanted } = options;
  const gathered = await gather(options);
  const { chunks, nodes } = gathered;
  let decoded = false;
  let { storeRequests } = gathered;
  if (gathered.end.kind === 'store') {
    storeRequests += await loadMissing(options, gathered, gathered.end.missing);
  } else if (gathered.end.decode) {
    decoded = true;
    const { chunkBytes } = fragmentShape(object.layout, fragment);
    const missing = wanted.filter((index) => chunks[index] === undefined);
    const rebuilt = options.memory.codec(object.layout).rebuild(chunks, chunkBytes, missing);
    for (const index of missing) {
      chunks[index] = rebuilt.get(index)?.subarray(0, chunkLength(object.layout, fragment, index));
    }
  }
  return { chunks, decoded, storeRequests, nodes: [...nodes] };
}

/** Reads the wanted chunks without asking memory. Rejects as {@link readFragment} does. */
export async function loadFragment(options: FragmentReadOptions): Promise<FragmentBytes> {
  const { layout } = options.object;
  const chunks = new Array<Uint8Array | undefined>(layout.dataChunks + layout.parityChunks).fill(undefined);
  const runs = consecutiveRuns(options.wanted);
  await Promise.all(runs.map((run) => loadRun(options, run, chunks)));
  return { chunks, decoded: false, storeRequests: runs.length, nodes: [] };
}

interface Gathered {
  /** That brought bytes before memory did. */
  readonly storeRequests: number;
  readonly end: FragmentReadEnd;
  readonly chunks: (Uint8Array | undefined)[];
  readonly nodes: ReadonlySet<NodeIndex>;
  /** Chunks that nobody gave because all who have them have too much to do. */
  readonly refused: ReadonlySet<number>;
}

/**
 * Reads what memory could not give from the store; gives the number of requests. When the store cannot be reached either,
 * nodes that have too much to do are waited for: they have it.
 */
async function loadMissing(
  options: FragmentReadOptions,
  { chunks, refused }: Gathered,
  missing: readonly number[],
): Promise<number> {
  const { memory, object, fragment, fetchTimeoutMs: timeoutMs, signal } = options;
  const { fleet, metrics } = memory.parts;
  metrics.countBusyMisses(missing.filter((index) => refused.has(index)).length);
  const runs = consecutiveRuns(missing);
  const loadPatiently = async (run: readonly number[], thrown: unknown) => {
    for (const index of run) {
      const home = object.fragments[fragment]?.nodes[index];
      if (signal.aborted || home === undefined || !refused.has(index)) throw thrown;
      const reply = await fleet.fetch(home, object.chunkId(fragment, index), { timeoutMs, signal });
      if (reply.kind !== 'ok') throw thrown;
      chunks[index] = reply.value;
    }
  };
  const load = async (run: readonly number[]) => {
    try {
      await loadRun(options, run, chunks);
    } catch (thrown) {
      await loadPatiently(run, thrown);
    }
  };
  await Promise.all(runs.map(load));
  return runs.length;
}

/** A fragment as a read finds it. */
interface Scene {
  readonly plan: FragmentRead;
  readonly places: readonly (NodeIndex | undefined)[];
  readonly chunks: (Uint8Array | undefined)[];
  /** Chunks without bytes. */
  readonly known: readonly number[];
  /** Chunks of nodes that are recovering. */
  readonly doubtful: readonly number[];
}

function sceneOf({ memory, object, fragment, wanted }: FragmentReadOptions): Scene {
  const { layout } = object;
  const placed = object.fragments[fragment];
  const count = layout.dataChunks + layout.parityChunks;
  const chunks: (Uint8Array | undefined)[] = new Array(count).fill(undefined);
  const known: number[] = [];
  for (let index = 0; index < layout.dataChunks; index++) {
    if (chunkLength(layout, fragment, index) > 0) continue;
    known.push(index);
    chunks[index] = new Uint8Array(0);
  }
  const places = Array.from({ length: count }, (_, index) => (placed?.held[index] ? placed.nodes[index] : undefined));
  const doubtful = [...places.keys()].filter((index) => {
    const node = places[index];
    return node !== undefined && memory.isRecovering(node);
  });
  const plan = createFragmentRead({ ...layout, places, wanted, known, doubtful });
  return { plan, places, chunks, known, doubtful };
}

/** Wanted chunks that the store gives sooner than memory does, for what was asked cannot do without nodes that recover. */
function soonerFromStore(
  { object, wanted }: FragmentReadOptions,
  { places, known, doubtful }: Scene,
  asked: readonly number[],
): readonly number[] {
  if (doubtful.length === 0) return [];
  const prompt = asked.filter((index) => !doubtful.includes(index)).length;
  if (prompt + known.length >= object.layout.dataChunks) return [];
  return wanted.filter((index) => !known.includes(index) && (places[index] === undefined || doubtful.includes(index)));
}

/** Asks nodes until the plan says that the read is complete or that memory cannot provide it. */
function gather(options: FragmentReadOptions): Promise<Gathered> {
  const { memory, object, fragment, hedgeMs, fetchTimeoutMs, signal } = options;
  const scene = sceneOf(options);
  const { plan, places, chunks } = scene;
  const nodes = new Set<NodeIndex>();
  const refused = new Set<number>();
  const placed = object.fragments[fragment];
  const over = new AbortController();
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      finish();
      reject(signal.reason);
    };
    const { clock } = memory.parts;
    const begunMs = clock.monotonicMs();
    const timer = clock.after(hedgeMs, () => step(plan.onHedge()));
    let lag: Timer | undefined;
    let [storeRequests, isOver] = [0, false];
    const finish = () => {
      isOver = true;
      timer.cancel();
      lag?.cancel();
      signal.removeEventListener('abort', onAbort);
      // An abort costs more than a chunk's whole way; most reads have nothing to give up.
      if (plan.outstanding().length > 0) over.abort(readIsOver);
    };
    const ask = async (index: number) => {
      const home = places[index];
      if (home === undefined || placed === undefined) return;
      const id = object.chunkId(fragment, index);
      const askedMs = clock.monotonicMs();
      const wanted = { object, fragment: placed, id, home, timeoutMs: fetchTimeoutMs, signal: over.signal };
      const { reply, node } = await memory.copies.fetch(wanted);
      options.account?.noteNode(node, clock.monotonicMs() - askedMs);
      if (reply.kind === 'ok') {
        chunks[index] ??= reply.value;
        options.onChunk?.(index, reply.value, reply.isSole === true);
        nodes.add(node);
        step(plan.onChunk(index));
        if (lag === undefined && !isOver && plan.isNearlyDone()) {
          const lagMs = Math.max((clock.monotonicMs() - begunMs) * lagShare, hedgeMs * leastLagShare);
          lag = clock.after(lagMs, () => step(plan.onLag()));
        }
      } else {
        if (reply.refusal === 'busy') refused.add(index);
        step(plan.onFailure(index));
      }
    };
    const step = (next: { readonly ask: readonly number[]; readonly finished?: FragmentReadEnd }) => {
      for (const index of next.ask) void ask(index);
      if (next.finished === undefined) return;
      finish();
      resolve({ end: next.finished, chunks, nodes, storeRequests, refused });
    };
    // Memory goes on meanwhile, and alone where the store cannot be reached.
    const race = (run: readonly number[]) =>
      loadRun(options, run, chunks).then(
        () => {
          storeRequests++;
          for (const index of run) step(plan.onChunk(index));
        },
        () => {},
      );
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const first = plan.start();
    step(first);
    for (const run of consecutiveRuns(soonerFromStore(options, scene, first.ask))) void race(run);
  });
}

/** Data chunks that follow one another are adjacent bytes of the object: one request brings them. */
function consecutiveRuns(indices: readonly number[]): readonly (readonly number[])[] {
  const runs: number[][] = [];
  for (const index of indices) {
    const last = runs.at(-1);
    if (last !== undefined && last.at(-1) === index - 1) last.push(index);
    else runs.push([index]);
  }
  return runs;
}

/** Reads a run of data chunks from the store, each checked against the checksum it was placed with. */
async function loadRun(
  options: FragmentReadOptions,
  run: readonly number[],
  chunks: (Uint8Array | undefined)[],
): Promise<void> {
  const { object, fragment, readStore } = options;
  const spans = run.map((index) => ({ index, ...chunkSpan(object.layout, fragment, index) }));
  const first = spans[0];
  const last = spans.at(-1);
  if (first === undefined || last === undefined) return;
  const bytes = await readStore({ start: first.offset, end: last.offset + last.lengthBytes });
  for (const { index, offset, lengthBytes } of spans) {
    const chunk = bytes.subarray(offset - first.offset, offset - first.offset + lengthBytes);
    const checksum = object.fragments[fragment]?.checksums[index];
    if (checksum !== undefined && crc32(chunk) !== checksum) {
      throw new SionError('corrupt', `bytes ${offset} to ${offset + lengthBytes} in the store fail their checksum`);
    }
    chunks[index] = chunk;
  }
}
