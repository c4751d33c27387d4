/**
 * Placement: which nodes take the chunks of a fragment, and which group of nodes is how old. New data goes to the groups
 * that accept, tested in the order in which they were opened ("test and place"); when all refuse, another group is opened.
 * Groups age by windows (`window-wheel.ts`): a group belongs to the last window in which it took new data, so under light
 * traffic one group serves many windows, and under heavy traffic several share one.
 *
 *     fleet    0 1 2 … 11 | 12 13 … 23 | 24 …        nodes in groups of `groupSize`
 *     group    free, or in use: accepting or sealed (`groups.ts`)
 *     state    of a group in use: active, then degraded, then due for release, by its window
 *
 * A fragment's chunks lie on different nodes of one group, starting at a node that the salt chooses, so that small objects
 * spread over the group. A node refuses when the chunk would bring it above its capacity, or when it is not available.
 *
 * It decides only. Whoever drives it evicts what has aged, moves what is still wanted out of old groups, and says when a
 * group is empty (`services/proxy/src/windows`).
 */
import { type Group, Groups } from './groups.ts';
import { defaultWindowPolicy, type WindowPolicy, type WindowState, WindowWheel } from './window-wheel.ts';

/** What is to be placed. */
export interface PlacementWish {
  /** Chunks of one fragment, each for a node of its own. */
  readonly chunks: number;
  /** Bytes of the longest of them. */
  readonly chunkBytes: number;
  /** A whole number that differs from object to object. */
  readonly salt: number;
  /** Nodes with other chunks of the fragment. */
  readonly avoid?: readonly number[];
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
  /** Default {@link defaultWindowPolicy}. */
  readonly windows?: WindowPolicy;
  /** Groups that have been in use for so long take no new data, as long as there is a free one. Absent or 0: however long. */
  readonly rotateMs?: number;
  /** On the clock that {@link Placement.turn} is given. Default 0. */
  readonly nowMs?: number;
}

export interface PlacementGroup {
  readonly group: number;
  readonly nodes: readonly number[];
}

/** The groups of one window, and how warm they are. */
export interface PlacementWindow {
  readonly window: number;
  readonly state: WindowState;
  readonly groups: readonly (PlacementGroup & GroupUse)[];
}

/** How often something of a group was read. */
export interface GroupUse {
  /** Since the newest window opened. */
  readonly uses: number;
  /** In the window before that. */
  readonly usesBefore: number;
}

/** A group that is not active any more. */
export interface DegradedGroup extends PlacementGroup {
  /** When its window ended. What it holds was placed before that; what was used later is worth keeping. */
  readonly closedMs: number;
}

/** What a turn of the wheel has changed. */
export interface PlacementTurn {
  /** Windows that were opened; 0 = it was too early. */
  readonly turns: number;
  /** Groups that were active before, and are not now. */
  readonly degraded: readonly DegradedGroup[];
  /** Groups that take no new data any more because of their age. */
  readonly rotated: number;
}

/** The state of a {@link Placement} as plain data. */
export interface PlacementSnapshot {
  readonly v: 3;
  readonly newestWindow: number;
  /** How long that window had been open. */
  readonly openForMs: number;
  /** Groups in use, in the order in which they were opened. */
  readonly groups: readonly {
    readonly group: number;
    readonly window: number;
    readonly openedWindow: number;
    readonly isSealed: boolean;
  }[];
}

/** Chunks per group at most: the widest stripe there is. */
const defaultGroupSize = 12;

/** A group that is so full is sealed, and another one made ready. */
const sealedFill = 0.95;
/** A group that refuses and is so full is sealed: only ever smaller objects would keep it young. */
const refusedFill = 0.9;
/** A sealed group that is at most so full may be unsealed. */
const unsealedFill = 0.5;

/** Throws `RangeError` when the fleet is empty, the group larger than the fleet, or the window policy none. */
export function createPlacement(options: PlacementOptions): Placement {
  return new Placement(options);
}

export class Placement {
  readonly #groups: Groups;
  readonly #wheel: WindowWheel;
  readonly #rotateMs: number;
  /** Opened ahead of need since this was last asked for. */
  #readied: Group[] = [];

  constructor(options: PlacementOptions) {
    const { nodes, groupSize = Math.min(defaultGroupSize, nodes), windows = defaultWindowPolicy, nowMs = 0 } = options;
    this.#rotateMs = options.rotateMs ?? 0;
    this.#groups = new Groups(nodes, groupSize);
    this.#wheel = new WindowWheel(windows, nowMs);
  }

  /** Chunks that one fragment may have here. */
  get widestFragment(): number {
    return this.#groups.leastNodes;
  }

  /** How long data stays after its last touch. */
  get horizonMs(): number {
    return this.#wheel.horizonMs;
  }

  /** When {@link turn} has something to do next. */
  get nextTurnMs(): number {
    return this.#wheel.nextTurnMs;
  }

  /**
   * A node for each chunk, all of them different; undefined when no group has room, or {@link leastMissed} has to go
   * first. Opens groups as they are needed, and one ahead of need when those that accept are nearly full. Throws
   * `RangeError` for more chunks than a group has nodes.
   */
  place(wish: PlacementWish, view: FleetView): readonly number[] | undefined {
    if (wish.chunks < 1 || wish.chunks > this.widestFragment) {
      throw new RangeError(`${wish.chunks} chunks do not fit a group of ${this.widestFragment} nodes`);
    }
    for (const group of this.#groups.used) {
      const nodes = group.isSealed ? undefined : this.#placeInto(group, wish, view);
      if (nodes !== undefined) return nodes;
    }
    const another = this.#another(view);
    if (another !== undefined) return this.#placeInto(another, wish, view);
    return this.leastMissed() === undefined ? this.#placeAnywhere(wish, view) : undefined;
  }

  /** What lies on this node was used: a group that accepts stays as young as the newest window. */
  noteUse(node: number): void {
    const group = this.#groups.ofNode(node);
    group.uses++;
    if (!group.isSealed && this.#groups.isUsed(group)) group.window = this.#wheel.newest;
  }

  /** Whether what is used on this node should move to the newest window. */
  isOutdated(node: number): boolean {
    const group = this.#groups.ofNode(node);
    return group.isSealed && this.stateOf(node) !== 'active';
  }

  /** Opens the windows that are due by now, and seals groups that are worn. */
  turn(nowMs: number): PlacementTurn {
    const active = [...this.#groups.used].filter((group) => this.#stateOf(group) === 'active');
    const turns = this.#wheel.turn(nowMs);
    for (const group of turns > 0 ? this.#groups.used : []) {
      group.usesBefore = turns === 1 ? group.uses : 0;
      group.uses = 0;
    }
    const rotated = this.#rotate(this.#wheel.newest - turns);
    const degraded = active.filter((group) => this.#stateOf(group) !== 'active');
    return {
      turns,
      rotated,
      degraded: degraded.map((group) => ({ ...faceOf(group), closedMs: this.#wheel.endMs(group.window) })),
    };
  }

  /**
   * Groups that were placed into so long ago that nothing on them is young enough to stay, unless it was used since: that
   * has to move, and then they go. They are due for release a window earlier; until now what came last into them may stay.
   */
  overdue(): readonly PlacementGroup[] {
    const { activeWindows, degradedWindows } = this.#wheel.policy;
    const isOver = (group: Group) => this.#wheel.newest - group.window > activeWindows + degradedWindows;
    return [...this.#groups.used].filter(isOver).map(faceOf);
  }

  /** Groups in use that hold nothing and were not used in the newest window: they may be released. */
  empty(view: Pick<FleetView, 'usedBytes'>): readonly PlacementGroup[] {
    return [...this.#groups.used]
      .filter((group) => group.window < this.#wheel.newest && group.nodes.every((node) => view.usedBytes(node) === 0))
      .map(faceOf);
  }

  /** The group that would be missed least when the fleet is at its end: the oldest of those that are degraded. */
  leastMissed(): PlacementGroup | undefined {
    let oldest: Group | undefined;
    for (const group of this.#groups.used) {
      if (this.#stateOf(group) !== 'active' && (oldest === undefined || group.window < oldest.window)) oldest = group;
    }
    return oldest === undefined ? undefined : faceOf(oldest);
  }

  /** The group is free from now on. */
  release(number: number): void {
    const group = this.#groups.at(number);
    if (group !== undefined) this.#groups.release(group);
  }

  /** Nodes of groups that were opened ahead of need since this was last called: an instance of each will be wanted soon. */
  takeReadied(): readonly number[] {
    if (this.#readied.length === 0) return [];
    const nodes = this.#readied.flatMap((group) => group.nodes);
    this.#readied = [];
    return nodes;
  }

  /** Nodes in use that are at least as young as `node`, its own group first: what it has lost may go to them. */
  peers(node: number): readonly number[] {
    const own = this.#groups.ofNode(node);
    const isPeer = (group: Group) => group !== own && group.window >= own.window && this.#stateOf(group) === 'active';
    return [own, ...[...this.#groups.used].filter(isPeer)].flatMap((group) => group.nodes);
  }

  /** Opens one more group, whatever `node` is in; false when none is free. */
  openNext(_node: number): boolean {
    return this.#groups.open(this.#wheel.newest) !== undefined;
  }

  /** What becomes of the node's group; `released` when it is not in use, or due to go. What an active one loses is recovered. */
  stateOf(node: number): WindowState {
    const group = this.#groups.ofNode(node);
    return this.#groups.isUsed(group) ? this.#stateOf(group) : 'released';
  }

  /** Groups in use, by their windows, the oldest first. */
  windows(): readonly PlacementWindow[] {
    const byWindow = new Map<number, Group[]>();
    for (const group of this.#groups.used) byWindow.set(group.window, [...(byWindow.get(group.window) ?? []), group]);
    return [...byWindow]
      .sort(([a], [b]) => a - b)
      .map(([window, groups]) => ({ window, state: this.#wheel.stateOf(window), groups: groups.map(useOf) }));
  }

  snapshot(nowMs: number): PlacementSnapshot {
    const groups = [...this.#groups.used].map(({ number: group, window, openedWindow, isSealed }) => ({
      ...{ group, window, openedWindow, isSealed },
    }));
    return { v: 3, newestWindow: this.#wheel.newest, openForMs: this.#wheel.openForMs(nowMs), groups };
  }

  /** Goes on from a snapshot, as if no time had passed since. Before anything is placed. */
  restore(snapshot: PlacementSnapshot, nowMs: number): void {
    this.#wheel.restore(snapshot.newestWindow, snapshot.openForMs, nowMs);
    for (const { group: number, window, openedWindow, isSealed } of snapshot.groups) {
      const group = this.#groups.at(number);
      if (group === undefined) continue;
      this.#groups.adopt(group, Math.min(window, snapshot.newestWindow));
      group.openedWindow = Math.min(openedWindow, snapshot.newestWindow);
      group.isSealed = isSealed;
    }
  }

  /** The node has turned out to hold something: its group is in use. */
  adopt(node: number): void {
    this.#groups.adopt(this.#groups.ofNode(node), this.#wheel.newest);
  }

  #placeInto(group: Group, wish: PlacementWish, view: FleetView): readonly number[] | undefined {
    const nodes = placeInGroup(group.nodes, wish, view);
    if (nodes === undefined) {
      if (fillOf(group, view, 0) >= refusedFill) group.isSealed = true;
      return undefined;
    }
    group.window = this.#wheel.newest;
    if (fillOf(group, view, wish.chunks * wish.chunkBytes) >= sealedFill) this.#seal(group, view);
    return nodes;
  }

  /** At the fleet's end: also the holes of sealed groups are filled. */
  #placeAnywhere(wish: PlacementWish, view: FleetView): readonly number[] | undefined {
    for (const group of this.#groups.used) {
      const nodes = placeInGroup(group.nodes, wish, view);
      if (nodes === undefined) continue;
      group.window = this.#wheel.newest;
      return nodes;
    }
    return undefined;
  }

  #stateOf(group: Group): WindowState {
    return this.#wheel.stateOf(group.window);
  }

  /**
   * Seals worn groups while a free one can take their part; gives how many. Another one is made ready where one of them was
   * in demand since the window `since`, the newest before this turn.
   */
  #rotate(since: number): number {
    let [rotated, isMissed] = [0, false];
    for (const group of this.#groups.used) {
      if (group.isSealed || !this.#isWorn(group) || this.#groups.freeCount === 0) continue;
      group.isSealed = true;
      rotated++;
      isMissed ||= group.window >= since;
    }
    if (!isMissed || [...this.#groups.used].some(({ isSealed }) => !isSealed)) return rotated;
    const readied = this.#groups.open(this.#wheel.newest);
    if (readied !== undefined) this.#readied.push(readied);
    return rotated;
  }

  /** Whether its instances are so old that the provider may take them soon. */
  #isWorn({ openedWindow }: Group): boolean {
    const ageMs = (this.#wheel.newest - openedWindow) * this.#wheel.policy.intervalMs;
    return this.#rotateMs > 0 && ageMs >= this.#rotateMs;
  }

  #seal(group: Group, view: FleetView): void {
    group.isSealed = true;
    for (const other of this.#groups.used) if (!other.isSealed) return;
    const readied = this.#another(view, group);
    if (readied !== undefined) this.#readied.push(readied);
  }

  /** One more group that accepts: an active one with large holes, or a free one. */
  #another(view: FleetView, except?: Group): Group | undefined {
    for (const group of this.#groups.used) {
      if (
        group === except ||
        !group.isSealed ||
        this.#isWorn(group) ||
        this.#stateOf(group) !== 'active' ||
        fillOf(group, view, 0) > unsealedFill
      )
        continue;
      group.isSealed = false;
      group.window = this.#wheel.newest;
      return group;
    }
    return this.#groups.open(this.#wheel.newest);
  }
}

function faceOf({ number, nodes }: Group): PlacementGroup {
  return { group: number, nodes };
}

function useOf(group: Group): PlacementGroup & GroupUse {
  return { ...faceOf(group), uses: group.uses, usesBefore: group.usesBefore };
}

/** Of the group's memory, how much is taken, with so many bytes on their way. */
function fillOf({ nodes }: Group, view: FleetView, comingBytes: number): number {
  let [usedBytes, capacityBytes] = [comingBytes, 0];
  for (const node of nodes) {
    usedBytes += view.usedBytes(node);
    capacityBytes += view.capacityBytes(node);
  }
  return capacityBytes === 0 ? 1 : usedBytes / capacityBytes;
}

/** Tests the group's nodes in turn, from where the salt says; undefined when fewer than `chunks` take one. */
function placeInGroup(group: readonly number[], wish: PlacementWish, view: FleetView): readonly number[] | undefined {
  const taken: number[] = [];
  for (let step = 0; step < group.length && taken.length < wish.chunks; step++) {
    const node = group[(wish.salt + step) % group.length];
    if (node === undefined || wish.avoid?.includes(node) === true || !view.available(node)) continue;
    if (view.usedBytes(node) + wish.chunkBytes <= view.capacityBytes(node)) taken.push(node);
  }
  return taken.length === wish.chunks ? taken : undefined;
}
