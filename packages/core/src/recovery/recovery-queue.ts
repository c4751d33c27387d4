/**
 * Recovery ahead of reads, as a state machine: chunks that nodes have lost come in, and out comes which node is to take
 * which of them next. Pure: what happened and the time are handed in; whoever drives it asks {@link RecoveryQueue.next}
 * until it says `wait`, and tells how each start has ended. It is the only owner of retries of recoveries.
 *
 *                    ┌── wanted: to the front ──┐
 *     lost ──► ready ┴────────► next ──► under way ──► held          (over)
 *                ▲               │           │ failed
 *                └── pause over ─┼─ pausing ◄┘ up to `attempts`, then given up   (over)
 *                                ├─ its object is gone, or it is held again      (over)
 *                                └─ no node has room: given up                   (over)
 *
 * The hottest go first; what a read has asked for goes before all. Lost parity of what the store holds never comes in: it
 * would cost reading a whole fragment, and is made anew when that fragment passes by. What is given up comes back on demand.
 */
import { type ChunkId, chunkKey, formatLayoutId, type LayoutId } from '../chunk-id.ts';
import { chunkOverheadBytes } from '../manifest.ts';
import type { FleetView } from '../placement/placement.ts';
import { Order } from './order.ts';
import { type PullChoice, Pullers, type PullLoad, type RecoveryPlaces } from './pullers.ts';

/** A chunk that its node does not hold any more. */
export interface LostChunk {
  readonly id: ChunkId;
  readonly lengthBytes: number;
  readonly kind: 'data' | 'parity';
  /** The store holds its object's bytes. */
  readonly inStore: boolean;
  /** When its object was last used; the later, the hotter. */
  readonly touchedMs: number;
}

/**
 * What has become of a lost chunk meanwhile; `nodes` are those of its fragment, by chunk index. `busy`: its fragment is
 * being written; it is looked at again later.
 */
export type LostChunkState =
  | { readonly kind: 'lost'; readonly nodes: readonly number[] }
  | { readonly kind: 'held' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'busy' };

/** The fleet and its chunks as recovery sees them; `available` says whether a node is fit for a request. */
export interface RecoveryView extends FleetView {
  state(id: ChunkId): LostChunkState;
}

export interface RecoveryLimits {
  /** Nodes that recover one node's loss at a time. */
  readonly spread: number;
  /** Recoveries of one node at a time. */
  readonly perNode: number;
  /** Recoveries over all at a time; 0 = none ever. */
  readonly concurrency: number;
  /** Times that one chunk is tried. */
  readonly attempts: number;
  /** After a failure; doubles with each further one, up to `pauseMaxMs`. */
  readonly pauseMs: number;
  readonly pauseMaxMs: number;
  /** Chunks that may wait; further ones come back on demand. */
  readonly maxBacklog: number;
}

/** What to do next. */
export type RecoveryStep =
  /** Let the node take the chunk; end it by {@link RecoveryQueue.held} or {@link RecoveryQueue.failed}. */
  | { readonly kind: 'start'; readonly chunk: LostChunk; readonly node: number }
  | { readonly kind: 'give-up'; readonly chunk: LostChunk; readonly reason: 'attempts' | 'room' }
  /** Nothing until something happens, or until then. */
  | { readonly kind: 'wait'; readonly untilMs: number | undefined };

/** `full`: that node has no room for it. `away`: the node did not answer. `final`: no other attempt would do better. */
export type RecoveryFailure = 'full' | 'away' | 'other' | 'final';

/** What was made of a loss. */
export interface LossSummary {
  readonly queued: number;
  /** Parity that is left to be made anew when its fragment passes by. */
  readonly leftParity: number;
  /** There were too many. */
  readonly givenUp: number;
}

interface Item {
  readonly chunk: LostChunk;
  readonly pullers: Pullers;
  readonly sequence: number;
  readonly shunned: Set<number>;
  state: 'ready' | 'pausing' | 'under way' | 'over';
  wanted: boolean;
  failures: number;
  dueMs: number;
  /** Where it is on its way to. */
  node: number | undefined;
}

/** A place in an order; void once the item was moved elsewhere. */
interface Ticket {
  readonly item: Item;
  readonly state: Item['state'];
  readonly wanted: boolean;
}

/** Items that are looked at for one that can go, when the first ones cannot. */
const lookAhead = 32;

export class RecoveryQueue {
  readonly #limits: RecoveryLimits;
  readonly #items = new Map<string, Item>();
  readonly #byLayout = new Map<string, Set<Item>>();
  readonly #losses = new Map<number, Pullers>();
  readonly #ready = new Order<Ticket>(isHotter);
  readonly #pausing = new Order<Ticket>(
    ({ item: a }, { item: b }) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence),
  );
  /** How many are under way to a node, and to which nodes those of a fragment are. */
  readonly #underWay = new Map<number, number>();
  readonly #targets = new Map<string, readonly number[]>();
  /** Nodes that have failed, how often in a row, and until when they are left alone. */
  readonly #resting = new Map<number, { readonly failures: number; readonly untilMs: number }>();
  #running = 0;
  #drawn = 0;

  constructor(limits: RecoveryLimits) {
    this.#limits = limits;
  }

  /** Chunks that are not over, those under way included. */
  get backlog(): number {
    return this.#items.size;
  }

  get running(): number {
    return this.#running;
  }

  /** Recoveries that the node is busy with. */
  underWay(node: number): number {
    return this.#underWay.get(node) ?? 0;
  }

  /** A node has lost these. One that is known already stays as it is. */
  lost(node: number, chunks: readonly LostChunk[]): LossSummary {
    let [queued, leftParity, givenUp] = [0, 0, 0];
    for (const chunk of chunks) {
      if (this.#items.has(chunkKey(chunk.id))) continue;
      if (chunk.kind === 'parity' && chunk.inStore) leftParity++;
      else if (this.#limits.concurrency === 0 || this.#items.size >= this.#limits.maxBacklog) givenUp++;
      else {
        this.#add(node, chunk);
        queued++;
      }
    }
    return { queued, leftParity, givenUp };
  }

  /** A read needs this chunk: it goes first. A pause after a failure is kept. */
  want(id: ChunkId): void {
    const item = this.#items.get(chunkKey(id));
    if (item === undefined || item.wanted) return;
    item.wanted = true;
    if (item.state === 'ready') this.#ready.add(ticketOf(item));
  }

  /** Its object is of no use any more; what is under way ends by itself. */
  drop(layout: LayoutId): void {
    for (const item of this.#byLayout.get(formatLayoutId(layout)) ?? []) {
      if (item.state !== 'under way') this.#finish(item);
    }
  }

  /** A start has ended well. */
  held(id: ChunkId): void {
    const item = this.#end(id);
    if (item === undefined) return;
    this.#resting.delete(item.node ?? -1);
    this.#finish(item);
  }

  /** A start has failed. Gives whether the chunk is given up for that. */
  failed(id: ChunkId, failure: RecoveryFailure, nowMs: number): boolean {
    const item = this.#end(id);
    if (item?.node === undefined) return false;
    item.failures++;
    if (failure === 'full') item.shunned.add(item.node);
    if (failure === 'away') {
      const failures = (this.#resting.get(item.node)?.failures ?? 0) + 1;
      this.#resting.set(item.node, { failures, untilMs: nowMs + this.#pauseMs(failures) });
      item.pullers.expel(item.node);
    }
    if (failure === 'final' || item.failures >= this.#limits.attempts) {
      this.#finish(item);
      return true;
    }
    this.#pause(item, nowMs + this.#pauseMs(item.failures));
    return false;
  }

  /** Forgets everything that is not under way. */
  clear(): void {
    for (const item of this.#items.values()) if (item.state !== 'under way') this.#finish(item);
    this.#ready.clear();
    this.#pausing.clear();
  }

  next(view: RecoveryView, places: RecoveryPlaces, nowMs: number): RecoveryStep {
    if (this.#running >= this.#limits.concurrency) return { kind: 'wait', untilMs: undefined };
    this.#endPauses(nowMs);
    const blocked: Ticket[] = [];
    let step: RecoveryStep | undefined;
    while (step === undefined && blocked.length < lookAhead) {
      const ticket = this.#ready.take();
      if (ticket === undefined) break;
      if (!isValid(ticket)) continue;
      step = this.#tryItem(ticket.item, view, places, nowMs);
      if (step === undefined && isValid(ticket)) blocked.push(ticket);
    }
    for (const ticket of blocked) this.#ready.add(ticket);
    return step ?? { kind: 'wait', untilMs: this.#wakeMs(blocked.length > 0, nowMs) };
  }

  /** Undefined when there is nothing to do with it now. */
  #tryItem(item: Item, view: RecoveryView, places: RecoveryPlaces, nowMs: number): RecoveryStep | undefined {
    const { chunk } = item;
    const state = view.state(chunk.id);
    if (state.kind === 'busy') {
      this.#pause(item, nowMs + this.#limits.pauseMs);
      return undefined;
    }
    if (state.kind !== 'lost') {
      this.#finish(item);
      return undefined;
    }
    const choice = this.#choose(item, state.nodes, view, places, nowMs);
    if (choice.kind === 'later') return undefined;
    if (choice.kind === 'nowhere') {
      this.#finish(item);
      return { kind: 'give-up', chunk, reason: 'room' };
    }
    this.#begin(item, choice.node);
    return { kind: 'start', chunk, node: choice.node };
  }

  #choose(item: Item, nodes: readonly number[], view: RecoveryView, places: RecoveryPlaces, nowMs: number): PullChoice {
    const { id, lengthBytes } = item.chunk;
    const { spread, perNode } = this.#limits;
    const load: PullLoad = {
      ...{ spread, perNode },
      underWay: (node) => this.underWay(node),
      isResting: (node) => (this.#resting.get(node)?.untilMs ?? nowMs) > nowMs,
    };
    const takenBytes = lengthBytes + chunkOverheadBytes;
    const targets = this.#targets.get(fragmentKey(id)) ?? [];
    return item.pullers.choose({ id, takenBytes, nodes, targets, shunned: item.shunned }, view, places, load);
  }

  #add(node: number, chunk: LostChunk): void {
    const pullers = this.#losses.get(node) ?? new Pullers(node);
    this.#losses.set(node, pullers);
    pullers.grow();
    const item: Item = {
      ...{ chunk, pullers, sequence: ++this.#drawn, shunned: new Set<number>() },
      ...{ state: 'ready', wanted: false, failures: 0, dueMs: 0, node: undefined },
    };
    this.#items.set(chunkKey(chunk.id), item);
    const layout = formatLayoutId(chunk.id);
    const items = this.#byLayout.get(layout) ?? new Set();
    items.add(item);
    this.#byLayout.set(layout, items);
    this.#ready.add(ticketOf(item));
  }

  #begin(item: Item, node: number): void {
    item.state = 'under way';
    item.node = node;
    item.pullers.begin(node);
    this.#running++;
    this.#underWay.set(node, (this.#underWay.get(node) ?? 0) + 1);
    const fragment = fragmentKey(item.chunk.id);
    this.#targets.set(fragment, [...(this.#targets.get(fragment) ?? []), node]);
  }

  /** No longer under way. */
  #end(id: ChunkId): Item | undefined {
    const item = this.#items.get(chunkKey(id));
    if (item?.state !== 'under way' || item.node === undefined) return undefined;
    item.pullers.end(item.node);
    this.#running--;
    const left = (this.#underWay.get(item.node) ?? 1) - 1;
    if (left > 0) this.#underWay.set(item.node, left);
    else this.#underWay.delete(item.node);
    const fragment = fragmentKey(id);
    const others = (this.#targets.get(fragment) ?? []).filter((node) => node !== item.node);
    if (others.length > 0) this.#targets.set(fragment, others);
    else this.#targets.delete(fragment);
    return item;
  }

  #finish(item: Item): void {
    if (item.state === 'over') return;
    item.state = 'over';
    const { id } = item.chunk;
    this.#items.delete(chunkKey(id));
    const layout = formatLayoutId(id);
    const items = this.#byLayout.get(layout);
    items?.delete(item);
    if (items?.size === 0) this.#byLayout.delete(layout);
    item.pullers.outstanding--;
    if (item.pullers.outstanding === 0) this.#losses.delete(item.pullers.lostBy);
  }

  #pause(item: Item, dueMs: number): void {
    item.state = 'pausing';
    item.dueMs = dueMs;
    this.#pausing.add(ticketOf(item));
  }

  #endPauses(nowMs: number): void {
    for (let ticket = this.#pausing.first(); ticket !== undefined; ticket = this.#pausing.first()) {
      const { item } = ticket;
      if (item.state === 'pausing' && item.dueMs > nowMs) return;
      this.#pausing.take();
      if (item.state !== 'pausing') continue;
      item.state = 'ready';
      this.#ready.add(ticketOf(item));
    }
  }

  /** With nothing under way no end of it will come: what is blocked is looked at again by itself. */
  #wakeMs(isBlocked: boolean, nowMs: number): number | undefined {
    const times: number[] = [];
    const pausing = this.#pausing.first();
    if (pausing !== undefined) times.push(pausing.item.dueMs);
    if (isBlocked) {
      for (const { untilMs } of this.#resting.values()) if (untilMs > nowMs) times.push(untilMs);
      if (this.#running === 0) times.push(nowMs + this.#limits.pauseMaxMs);
    }
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #pauseMs(failures: number): number {
    const { pauseMs, pauseMaxMs } = this.#limits;
    return Math.min(pauseMaxMs, pauseMs * 2 ** Math.min(failures - 1, 30));
  }
}

function fragmentKey(id: ChunkId): string {
  return `${formatLayoutId(id)}.${id.fragment}`;
}

function ticketOf(item: Item): Ticket {
  return { item, state: item.state, wanted: item.wanted };
}

/** An older ticket of an item that is wanted now is void, for it has a better one. */
function isValid({ item, state, wanted }: Ticket): boolean {
  return item.state === state && item.wanted === wanted;
}

function isHotter(a: Ticket, b: Ticket): boolean {
  if (a.wanted !== b.wanted) return a.wanted;
  const [first, second] = [a.item.chunk, b.item.chunk];
  if (first.touchedMs !== second.touchedMs) return first.touchedMs > second.touchedMs;
  return a.item.sequence < b.item.sequence;
}
