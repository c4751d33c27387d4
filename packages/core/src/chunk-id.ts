/**
 * Names of chunks. A layout is one placement of one version in memory; its id is taken from the proxy's (epoch,
 * counter) sequence, so an id is never used twice, and a chunk's bytes never change.
 */
export interface LayoutId {
  /** The lease epoch, 1 … 2^32−1. */
  readonly epoch: number;
  /** Counts up within an epoch, 1 … 2^48−1. */
  readonly counter: number;
}

/** Chunk `index` (0 … d+p−1, data first) of fragment `fragment` of a layout. */
export interface ChunkId extends LayoutId {
  readonly fragment: number;
  readonly index: number;
}

/** `epoch.counter`, the text form of a layout id and of an object version. */
export function formatLayoutId(id: LayoutId): string {
  return `${id.epoch}.${id.counter}`;
}

/** A map key, unique per chunk: `epoch.counter.fragment.index`. */
export function chunkKey(id: ChunkId): string {
  return `${id.epoch}.${id.counter}.${id.fragment}.${id.index}`;
}
