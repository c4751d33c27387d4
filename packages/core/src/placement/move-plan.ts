/**
 * Moving a fragment to the newest window: which of its chunks go, and where the bytes of each come from. Bytes that pass
 * by anyway are the cheapest source: they cost no request to the store and no session of the old node. Without them a data
 * chunk is pulled from the store by its new node, which costs one request and spares the proxy its bytes; parity, which
 * the store does not have, comes from the node that holds it.
 *
 * A chunk on a node that is young enough stays. One that is not held goes along where its bytes can be had.
 */

/** Where a chunk's bytes come from: a read that passes by, the store, or the node that holds it. */
export type MoveSource = 'passing' | 'store' | 'node';

export interface MoveView {
  readonly dataChunks: number;
  /** By chunk index: whether its node holds it. */
  readonly held: readonly boolean[];
  /** By chunk index: whether it lies too far back. */
  readonly outdated: readonly boolean[];
  /** By chunk index: whether it has bytes at all. */
  readonly filled: readonly boolean[];
  /** All data chunks pass by. */
  readonly isPassing: boolean;
  /** The store has exactly this version. */
  readonly isInStore: boolean;
}

export interface ChunkMove {
  readonly index: number;
  readonly source: MoveSource;
}

/** The chunks that should move, in order. */
export function planMove(view: MoveView): readonly ChunkMove[] {
  const moves: ChunkMove[] = [];
  for (const [index, isOutdated] of view.outdated.entries()) {
    if (!isOutdated || view.filled[index] !== true) continue;
    const source = sourceOf(index, view);
    if (source !== undefined) moves.push({ index, source });
  }
  return moves;
}

function sourceOf(index: number, { isPassing, isInStore, dataChunks, held }: MoveView): MoveSource | undefined {
  if (isPassing) return 'passing';
  if (isInStore && index < dataChunks) return 'store';
  return held[index] === true ? 'node' : undefined;
}
