/**
 * How much each node has sent lately: a sum that fades. What waits in a node's queue says whether it is busy at this moment; a
 * node that one reader uses to the full has moments without any. Only this tells it from one that is idle.
 */

/** After so long a byte counts for about a third. */
const fadeMs = 1000;

interface Use {
  bytes: number;
  atMs: number;
}

export class RecentUse {
  readonly #nodes = new Map<number, Use>();

  /** The node has sent so many bytes. */
  note(node: number, bytes: number, nowMs: number): void {
    this.#nodes.set(node, { bytes: this.bytes(node, nowMs) + bytes, atMs: nowMs });
  }

  /** About what it has sent in the last second. */
  bytes(node: number, nowMs: number): number {
    const use = this.#nodes.get(node);
    return use === undefined ? 0 : use.bytes * Math.exp((use.atMs - nowMs) / fadeMs);
  }
}
