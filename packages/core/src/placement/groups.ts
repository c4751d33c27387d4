/**
 * Groups: the nodes of the fleet in bundles that scale out together (the paper's function groups). Each is free or in use;
 * a free one is taken from the front of a queue and goes to its end when it is released, so that a released instance has
 * the longest time to go before its node is used again.
 *
 *     free ── open ──► in use, accepting ── seal ──► in use, sealed
 *       ▲                    │    ▲                     │   │
 *       │                    │    └───── unseal ────────┘   │
 *       └────── release ─────┴──────────── release ─────────┘
 *
 * A group is sealed when it is nearly full. What is taken from a sealed one leaves holes; when those are large, it may be
 * unsealed instead of opening another. It belongs to the last window in which it took new data. A group that was opened long
 * ago is sealed as well, and for good: its instances are about to be taken by the provider.
 */

export interface Group {
  readonly number: number;
  readonly nodes: readonly number[];
  /** The last window in which it took new data, or in which what it holds was used while it was accepting. */
  window: number;
  /** The window in which it was opened: about as old are its instances. */
  openedWindow: number;
  isSealed: boolean;
  /** How often what it holds was read since the newest window opened, and in the window before. */
  uses: number;
  usesBefore: number;
}

export class Groups {
  /** Every group that there is, by number; an entry that is in use is in {@link used} as well. */
  readonly #all: readonly Group[];
  readonly #ofNode: readonly Group[];
  readonly #used = new Set<Group>();
  readonly #free: Group[];

  /** The nodes left over after the last whole group join that one. Throws `RangeError` when the fleet is smaller than a group. */
  constructor(nodes: number, groupSize: number) {
    if (!Number.isInteger(nodes) || nodes < 1) throw new RangeError(`a fleet needs at least 1 node, got ${nodes}`);
    if (!Number.isInteger(groupSize) || groupSize < 1 || groupSize > nodes) {
      throw new RangeError(`a group needs 1 to ${nodes} nodes, got ${groupSize}`);
    }
    const count = Math.floor(nodes / groupSize);
    this.#all = Array.from({ length: count }, (_, number) => {
      const first = number * groupSize;
      const end = number === count - 1 ? nodes : first + groupSize;
      const members = Array.from({ length: end - first }, (_, step) => first + step);
      return { number, nodes: members, window: 0, openedWindow: 0, isSealed: false, uses: 0, usesBefore: 0 };
    });
    this.#ofNode = this.#all.flatMap((group) => group.nodes.map(() => group));
    this.#free = [...this.#all];
  }

  /** Those in use, in the order in which they were opened. */
  get used(): ReadonlySet<Group> {
    return this.#used;
  }

  get freeCount(): number {
    return this.#free.length;
  }

  /** The smallest one's nodes. */
  get leastNodes(): number {
    return this.#all[0]?.nodes.length ?? 0;
  }

  at(number: number): Group | undefined {
    return this.#all[number];
  }

  /** Throws `RangeError` for a node that the fleet does not have. */
  ofNode(node: number): Group {
    const group = this.#ofNode[node];
    if (group === undefined) throw new RangeError(`node ${node}: the fleet has nodes 0 to ${this.#ofNode.length - 1}`);
    return group;
  }

  isUsed(group: Group): boolean {
    return this.#used.has(group);
  }

  /** Takes the group that has been free for longest into use; undefined when none is free. */
  open(window: number): Group | undefined {
    const group = this.#free.shift();
    if (group !== undefined) this.#use(group, window);
    return group;
  }

  /** Takes exactly this one into use, if it is free. */
  adopt(group: Group, window: number): void {
    if (this.#used.has(group)) return;
    this.#free.splice(this.#free.indexOf(group), 1);
    this.#use(group, window);
  }

  release(group: Group): void {
    if (this.#used.delete(group)) this.#free.push(group);
  }

  #use(group: Group, window: number): void {
    group.window = window;
    group.openedWindow = window;
    group.isSealed = false;
    group.uses = 0;
    group.usesBefore = 0;
    this.#used.add(group);
  }
}
