/**
 * Placement: which nodes take the chunks of a fragment. Nodes are drawn from the fleet in groups, groups belong to the
 * window in which they were opened, and new data goes to the newest window ("test and place" of the paper's function
 * groups). For now there is one window that never ages; windows that turn come behind this same interface.
 *
 *     fleet    0 1 2 … 11 | 12 13 … 23 | 24 …        nodes in groups of `groupSize`
 *     group    opened when the groups before it refuse
 *     window   the groups opened in one interval; state active
 *
 * A fragment's chunks lie on different nodes of one group, starting at a node that the salt chooses, so that small objects
 * spread over the group. A node refuses when the chunk would bring it above its capacity, or when it is not available.
 */

/** What is to be placed. */
export interface PlacementWish {
  /** Data and parity chunks of one fragment. */
  readonly chunks: number;
  /** Bytes of the longest of them. */
  readonly chunkBytes: number;
  /** A whole number that differs from object to object. */
  readonly salt: number;
}

/** The fleet as placement sees it. */
export interface FleetView {
  usedBytes(node: number): number;
  capacityBytes(node: number): number;
  available(node: number): boolean;
}

export interface PlacementOptions {
  /** Nodes in the fleet. */
  readonly nodes: number;
  /** Nodes per group; at most the fleet's size. Default 12. */
  readonly groupSize?: number;
}

export interface PlacementGroup {
  readonly group: number;
  readonly nodes: readonly number[];
}

export type WindowState = 'active' | 'degraded' | 'released';

export interface PlacementWindow {
  readonly window: number;
  readonly state: WindowState;
  readonly groups: readonly PlacementGroup[];
}

/** The state of a {@link Placement} as plain data. */
export interface PlacementSnapshot {
  readonly v: 1;
  readonly openGroups: number;
}

/** Chunks per group at most: the widest stripe there is. */
const defaultGroupSize = 12;

/** Throws `RangeError` when the fleet is empty or the group larger than the fleet. */
export function createPlacement(options: PlacementOptions): Placement {
  return new Placement(options);
}

export class Placement {
  readonly #groups: readonly (readonly number[])[];
  #openGroups = 1;

  constructor({ nodes, groupSize = Math.min(defaultGroupSize, nodes) }: PlacementOptions) {
    if (!Number.isInteger(nodes) || nodes < 1) throw new RangeError(`a fleet needs at least 1 node, got ${nodes}`);
    if (!Number.isInteger(groupSize) || groupSize < 1 || groupSize > nodes) {
      throw new RangeError(`a group needs 1 to ${nodes} nodes, got ${groupSize}`);
    }
    this.#groups = cutIntoGroups(nodes, groupSize);
  }

  /** Chunks that one fragment may have here. */
  get widestFragment(): number {
    return this.#groups[0]?.length ?? 0;
  }

  /**
   * A node for each chunk, all of them different; undefined when no group has room. Opens groups as they are needed. Throws
   * `RangeError` for more chunks than a group has nodes.
   */
  place(wish: PlacementWish, view: FleetView): readonly number[] | undefined {
    if (wish.chunks < 1 || wish.chunks > this.widestFragment) {
      throw new RangeError(`${wish.chunks} chunks do not fit a group of ${this.widestFragment} nodes`);
    }
    for (const [number, group] of this.#groups.entries()) {
      const nodes = placeInGroup(group, wish, view);
      if (nodes === undefined) continue;
      this.#openGroups = Math.max(this.#openGroups, number + 1);
      return nodes;
    }
    return undefined;
  }

  /** Nodes of the open groups of the same window as `node`: what it has lost may go to them. */
  peers(_node: number): readonly number[] {
    return this.#groups.slice(0, this.#openGroups).flat();
  }

  /** Opens one more group in the window of `node`; false when every group is open. */
  openNext(_node: number): boolean {
    if (this.#openGroups >= this.#groups.length) return false;
    this.#openGroups++;
    return true;
  }

  /** The state of the node's window; what a node of an active one loses is recovered. */
  stateOf(_node: number): WindowState {
    return 'active';
  }

  windows(): readonly PlacementWindow[] {
    const groups = this.#groups.slice(0, this.#openGroups).map((nodes, group) => ({ group, nodes }));
    return [{ window: 0, state: 'active', groups }];
  }

  snapshot(): PlacementSnapshot {
    return { v: 1, openGroups: this.#openGroups };
  }

  restore(snapshot: PlacementSnapshot): void {
    this.#openGroups = Math.min(Math.max(1, snapshot.openGroups), this.#groups.length);
  }
}

/** The nodes left over after the last whole group join that one. */
function cutIntoGroups(nodes: number, groupSize: number): readonly (readonly number[])[] {
  const count = Math.floor(nodes / groupSize);
  return Array.from({ length: count }, (_, group) => {
    const first = group * groupSize;
    const end = group === count - 1 ? nodes : first + groupSize;
    return Array.from({ length: end - first }, (_, step) => first + step);
  });
}

/** Tests the group's nodes in turn, from where the salt says; undefined when fewer than `chunks` take one. */
function placeInGroup(group: readonly number[], wish: PlacementWish, view: FleetView): readonly number[] | undefined {
  const taken: number[] = [];
  for (let step = 0; step < group.length && taken.length < wish.chunks; step++) {
    const node = group[(wish.salt + step) % group.length];
    if (node === undefined || !view.available(node)) continue;
    if (view.usedBytes(node) + wish.chunkBytes <= view.capacityBytes(node)) taken.push(node);
  }
  return taken.length === wish.chunks ? taken : undefined;
}
