/**
 * Who pulls what one node has lost. A loss is spread over as many nodes as are worth waking, at most `spread`, of the same
 * age as the one that lost it; they stay the same while the loss is being recovered, so that a small loss wakes few nodes
 * and a large one is not smeared over the whole fleet. The node that lost it has an empty instance now and takes part like
 * the others. Never two chunks of a fragment on one node, never a node above its capacity.
 */
import type { ChunkId } from '../chunk-id.ts';
import type { FleetView } from '../placement/placement.ts';

/** Where a node's chunks may go; a `Placement` is one. */
export interface RecoveryPlaces {
  /** Nodes of the open groups of the same window as `node`, itself included. */
  peers(node: number): readonly number[];
  /** Opens one more group for them; false when there is none. */
  openNext(node: number): boolean;
}

/** What one choice needs to know. */
export interface PullWish {
  readonly id: ChunkId;
  /** With what it costs beside its bytes. */
  readonly takenBytes: number;
  /** The nodes of its fragment, by chunk index; its own entry is the node that lost it. */
  readonly nodes: readonly number[];
  /** Nodes that other chunks of the fragment are on their way to. */
  readonly targets: readonly number[];
  /** Nodes that have no room for it after all. */
  readonly shunned: ReadonlySet<number>;
}

/** How busy nodes are with recoveries, of whatever loss. */
export interface PullLoad {
  readonly perNode: number;
  readonly spread: number;
  underWay(node: number): number;
  /** Has just failed, and is left alone for a while. */
  isResting(node: number): boolean;
}

/** A node, `later` when those that could are busy or away, `nowhere` when no node has room. */
export type PullChoice =
  | { readonly kind: 'node'; readonly node: number }
  | { readonly kind: 'later' }
  | { readonly kind: 'nowhere' };

/** The nodes that recover what one node has lost. */
export class Pullers {
  readonly lostBy: number;
  /** Chunks of this loss that are not over. */
  outstanding = 0;
  #total = 0;
  readonly #members = new Set<number>();
  readonly #active = new Map<number, number>();

  constructor(lostBy: number) {
    this.lostBy = lostBy;
  }

  /** One more chunk was lost. */
  grow(): void {
    this.outstanding++;
    this.#total++;
  }

  begin(node: number): void {
    this.#members.add(node);
    this.#active.set(node, (this.#active.get(node) ?? 0) + 1);
  }

  end(node: number): void {
    const left = (this.#active.get(node) ?? 1) - 1;
    if (left > 0) this.#active.set(node, left);
    else this.#active.delete(node);
  }

  /** The node failed: another one takes its place. */
  expel(node: number): void {
    this.#members.delete(node);
  }

  choose(wish: PullWish, view: FleetView, places: RecoveryPlaces, load: PullLoad): PullChoice {
    const hasPlace = (node: number) => isPlaceFor(node, wish, view);
    const width = Math.min(load.spread, Math.max(1, Math.ceil(this.#total / load.perNode)));
    let able = [...this.#members].filter(hasPlace);
    if (able.length === 0 || this.#members.size < width) {
      able = places.peers(this.lostBy).filter(hasPlace);
      while (able.every((node) => this.#members.has(node)) && places.openNext(this.lostBy)) {
        able = places.peers(this.lostBy).filter(hasPlace);
      }
    }
    if (able.length === 0) return { kind: 'nowhere' };
    const isFree = (node: number) =>
      view.available(node) &&
      load.underWay(node) < load.perNode &&
      !load.isResting(node) &&
      (this.#active.has(node) || this.#active.size < load.spread);
    const node = best(able.filter(isFree), view, load);
    return node === undefined ? { kind: 'later' } : { kind: 'node', node };
  }
}

function isPlaceFor(node: number, { id, takenBytes, nodes, targets, shunned }: PullWish, view: FleetView): boolean {
  if (shunned.has(node) || targets.includes(node)) return false;
  const at = nodes.indexOf(node);
  if (at !== -1 && at !== id.index) return false;
  return view.usedBytes(node) + takenBytes <= view.capacityBytes(node);
}

/** The least busy one; of those, the one with most room. */
function best(nodes: readonly number[], view: FleetView, load: PullLoad): number | undefined {
  const roomBytes = (node: number) => view.capacityBytes(node) - view.usedBytes(node);
  let chosen: number | undefined;
  for (const node of nodes) {
    if (chosen === undefined) chosen = node;
    const busier = load.underWay(node) - load.underWay(chosen);
    if (busier < 0 || (busier === 0 && roomBytes(node) > roomBytes(chosen))) chosen = node;
  }
  return chosen;
}
