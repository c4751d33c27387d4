/**
 * Elastic demand caching, the choices: which of the nodes that have a chunk serves the next read of it, and, when all of
 * them have more to do than they deliver soon, which other open node takes a copy. Follows the paper's section on elastic
 * demand caching, with one thing added: copies keep to their *column*.
 *
 *     group 0    0  1  2 … 11        a chunk at home on node 2 is copied to node 14, then to node 26, …
 *     group 1   12 13 14 … 23        before it is copied to any other
 *     group 2   24 25 26 … 35
 *
 * The chunks of a fragment lie in different columns, so their copies do too, and each column has as many nodes as there are
 * open groups: with every chunk of a column copied all the way down, so many readers can never meet on a node. Copies that
 * went just anywhere would meet again and again, and be copied again and again.
 *
 * A node is *taken* when it is busy, or has sent so much lately that a copy would only move the crowd.
 *
 * The idlest of those that have room, of the first of these kinds that there are:
 *
 * | more than half of all open peers are taken | then                                                                     |
 * |--------------------------------------------|--------------------------------------------------------------------------|
 * | yes, and a group is left                   | free ones in the column, or another group is opened                      |
 * | yes                                        | free ones in the column, others in it, free ones elsewhere, any          |
 * | no                                         | free ones in the column, free ones elsewhere, others in the column, any  |
 *
 * Where nobody is free and a group is left, that is opened in any case. Nodes that are busy are never chosen.
 */

/** What a node has to do; see the proxy's fleet. */
export interface SourceLoad {
  readonly requests: number;
  readonly bytes: number;
  readonly isBusy: boolean;
}

/** A node with the chunk, and what it has to do. */
export interface ChunkSource {
  readonly node: number;
  readonly load: SourceLoad;
  /** The chunk is being fetched from it: one more fetch costs nothing. */
  readonly isFetching: boolean;
}

/**
 * Who serves the next read: who is sending the chunk anyway, or who has least to do; of several the `favourite`, or else the
 * first. Undefined = all have too much to do.
 */
export function chooseSource(sources: readonly ChunkSource[], favourite?: number): number | undefined {
  let best: ChunkSource | undefined;
  for (const source of sources) {
    if (source.isFetching) return source.node;
    if (source.load.isBusy) continue;
    if (best === undefined || isLess(source.load, best.load)) best = source;
    else if (source.node === favourite && !isLess(best.load, source.load)) best = source;
  }
  return best?.node;
}

/** Where a copy may go. */
export interface CopyRequest {
  /** The node on which the chunk was placed. */
  readonly home: number;
  /** Nodes of open groups, group after group. */
  readonly peers: readonly number[];
  /** Nodes of a group. */
  readonly groupSize: number;
  /** Another group could be opened. */
  readonly mayOpen: boolean;
}

/** The nodes as the choice sees them. */
export interface CopyView {
  load(node: number): SourceLoad;
  /** It has sent much lately. */
  isInUse(node: number): boolean;
  /** It may be used, has no copy of the chunk, and room for one. */
  takes(node: number): boolean;
  /** Bytes of copies that it holds. */
  copyBytes(node: number): number;
}

export type CopyChoice =
  | { readonly kind: 'node'; readonly node: number }
  | { readonly kind: 'open' }
  | { readonly kind: 'none' };

/** See the table at the head of this module. */
export function chooseCopyNode({ home, peers, groupSize, mayOpen }: CopyRequest, view: CopyView): CopyChoice {
  const column = peers.indexOf(home) % groupSize;
  const candidates: Candidate[] = [];
  let taken = 0;
  for (const [at, node] of peers.entries()) {
    const load = view.load(node);
    const isInUse = view.isInUse(node);
    if (load.isBusy || isInUse) taken++;
    if (load.isBusy || node === home || !view.takes(node)) continue;
    candidates.push({ node, load, isInUse, isInColumn: at % groupSize === column });
  }
  const isCrowded = 2 * taken > peers.length;
  const free = candidates.filter(({ isInUse }) => !isInUse);
  const inColumn = candidates.filter((candidate) => candidate.isInColumn);
  const freeInColumn = free.filter((candidate) => candidate.isInColumn);
  if (mayOpen && (free.length === 0 || (isCrowded && freeInColumn.length === 0))) return { kind: 'open' };
  const kinds = isCrowded ? [freeInColumn, inColumn, free, candidates] : [freeInColumn, free, inColumn, candidates];
  const best = kinds.map((kind) => idlest(kind, view)).find((each) => each !== undefined);
  return best === undefined ? { kind: 'none' } : { kind: 'node', node: best };
}

interface Candidate extends Loaded {
  readonly isInUse: boolean;
  readonly isInColumn: boolean;
}

function idlest(candidates: readonly Candidate[], view: CopyView): number | undefined {
  let best: Candidate | undefined;
  for (const candidate of candidates) if (best === undefined || isIdler(candidate, best, view)) best = candidate;
  return best?.node;
}

interface Loaded {
  readonly node: number;
  readonly load: SourceLoad;
}

function isIdler(a: Loaded, b: Loaded, view: CopyView): boolean {
  if (isLess(a.load, b.load)) return true;
  return !isLess(b.load, a.load) && view.copyBytes(a.node) < view.copyBytes(b.node);
}

function isLess(a: SourceLoad, b: SourceLoad): boolean {
  return a.bytes !== b.bytes ? a.bytes < b.bytes : a.requests < b.requests;
}
