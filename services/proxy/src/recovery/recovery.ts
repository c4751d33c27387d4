/**
 * Recovery ahead of reads, carried out: what nodes have lost goes into core's `RecoveryQueue`, and each of its starts
 * becomes a load by a node from the store, or, for a chunk that only memory has, a rebuild in the proxy. When that is
 * done, the fragment's place moves to the node that took it. The queue decides everything: who, when, how often.
 *
 * Must never: hold up a read or a write, or keep chunks of an object that is of no use any more. A drop ends what is under
 * way for it; a stop ends everything.
 */
import type { ByteRange, Clock, Log, StoredObject, Timer } from '@sion/components';
import {
  type ChunkId,
  chunkKey,
  type LostChunk,
  type LostChunkState,
  type Placement,
  type RecoveryFailure,
  type RecoveryLimits,
  RecoveryQueue,
  type RecoveryStep,
  type RecoveryView,
} from '@sion/core';
import { asSionError } from '@sion/wire';
import type { Fleet, NodeIndex } from '../fleet/fleet.ts';
import type { LossWatcher, LostPiece, ObjectMemory } from '../memory/object-memory.ts';
import type { PlacedFragment, PlacedObject } from '../memory/placed-object.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { loadChunk } from './load-chunk.ts';
import { rebuildChunk } from './rebuild-chunk.ts';

/** What is a setting of it; see the proxy's settings. */
export type RecoverySettings = Pick<RecoveryLimits, 'spread' | 'perNode' | 'concurrency'>;

/** What is no matter of the deployment: about 13 s of attempts for one chunk. */
const recoveryLimits: Omit<RecoveryLimits, keyof RecoverySettings> = {
  attempts: 8,
  pauseMs: 100,
  pauseMaxMs: 10_000,
  maxBacklog: 1 << 18,
};

export interface RecoveryParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly fleet: Fleet;
  readonly placement: Placement;
  readonly memory: ObjectMemory;
  readonly metrics: Metrics;
  readonly settings: RecoverySettings;
  readonly hedgeMs: number;
  readonly fetchTimeoutMs: number;
  /** Whether nodes find the object's bytes in the store; otherwise only memory has them. */
  readonly isInStore: (object: StoredObject) => boolean;
  /** A node has read from the store itself. */
  readonly onNodeRead: () => void;
  /** Bytes of exactly this version, for a rebuild that memory alone cannot do; rejects when they cannot be had. */
  readonly readStore: (object: PlacedObject, range: ByteRange) => Promise<Uint8Array>;
}

/** A start of the queue, with what it is about. */
export interface ChunkRecovery {
  readonly object: PlacedObject;
  readonly fragment: PlacedFragment;
  readonly id: ChunkId;
  readonly node: NodeIndex;
  readonly signal: AbortSignal;
}

/** How one ended: undefined when the node holds the chunk. */
export type ChunkOutcome = RecoveryFailure | undefined;

interface UnderWay {
  readonly object: PlacedObject;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

export class Recovery implements LossWatcher {
  readonly #parts: RecoveryParts;
  readonly #queue: RecoveryQueue;
  readonly #view: RecoveryView;
  readonly #underWay = new Map<string, UnderWay>();
  #timer: Timer | undefined;
  #isPumpDue = false;
  #stopped = false;
  /** Since when there has been a backlog. */
  #begunMs: number | undefined;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
    this.#queue = new RecoveryQueue({ ...recoveryLimits, ...parts.settings });
    const { fleet } = parts;
    this.#view = {
      usedBytes: (node) => parts.memory.usedBytes(node),
      capacityBytes: (node) => fleet.fill(node).capacityBytes,
      available: (node) => fleet.isFit(node),
      state: (id) => this.#stateOf(id),
    };
  }

  /** Chunks that are to be recovered, and those of them that are being recovered. */
  get status(): { readonly backlogChunks: number; readonly underWay: number } {
    return { backlogChunks: this.#queue.backlog, underWay: this.#queue.running };
  }

  onLost(node: NodeIndex, pieces: readonly LostPiece[]): void {
    const { placement, metrics, log, clock, isInStore } = this.#parts;
    if (this.#stopped || this.#parts.memory.isSaving || placement.stateOf(node) !== 'active') return;
    const lost: LostChunk[] = [];
    for (const { object, id, lengthBytes } of pieces) {
      if (object.origin === undefined) continue;
      const kind = id.index < object.layout.dataChunks ? 'data' : 'parity';
      const inStore = isInStore(object.origin.object);
      lost.push({ id, lengthBytes, kind, inStore, touchedMs: object.touchedMs });
    }
    const { queued, leftParity, givenUp } = this.#queue.lost(node, lost);
    metrics.countParityLeft(leftParity);
    metrics.countRecoveryGivenUp(givenUp);
    if (queued === 0) return;
    this.#begunMs ??= clock.monotonicMs();
    log.debug('recovery-queued', { node, chunks: queued, leftParity, givenUp });
    this.#pumpSoon();
  }

  onDropped(object: PlacedObject): void {
    this.#queue.drop(object.id);
    for (const underWay of this.#underWay.values()) if (underWay.object === object) underWay.stop.abort();
    if (this.#begunMs !== undefined) this.#pumpSoon();
  }

  onWanted(id: ChunkId): void {
    this.#queue.want(id);
  }

  isRecovering(node: NodeIndex): boolean {
    return this.#queue.underWay(node) > 0;
  }

  /** Ends what is under way and begins nothing more; resolves when that is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#queue.clear();
    for (const { stop } of this.#underWay.values()) stop.abort();
    await Promise.all([...this.#underWay.values()].map(({ ended }) => ended));
  }

  /** What happens in one turn is looked at together. */
  #pumpSoon(): void {
    if (this.#isPumpDue || this.#stopped) return;
    this.#isPumpDue = true;
    queueMicrotask(() => {
      this.#isPumpDue = false;
      if (!this.#stopped) this.#pump();
    });
  }

  #pump(): void {
    const { clock, placement, metrics } = this.#parts;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#parts.memory.isSaving) this.#giveUp();
    for (;;) {
      const nowMs = clock.monotonicMs();
      const step = this.#queue.next(this.#view, placement, nowMs);
      if (step.kind === 'start') this.#begin(step);
      else if (step.kind === 'give-up') metrics.countRecoveryGivenUp(1);
      else {
        if (step.untilMs !== undefined) this.#timer = clock.after(step.untilMs - nowMs, () => this.#pump());
        break;
      }
    }
    this.#noteEnd();
  }

  /** What is not under way comes back on demand alone. */
  #giveUp(): void {
    this.#parts.metrics.countRecoveryGivenUp(this.#queue.backlog - this.#queue.running);
    this.#queue.clear();
  }

  #noteEnd(): void {
    if (this.#begunMs === undefined || this.#queue.backlog > 0) return;
    const { clock, log } = this.#parts;
    log.info('recovery-ended', { tookMs: Math.round(clock.monotonicMs() - this.#begunMs) });
    this.#begunMs = undefined;
  }

  #begin({ chunk, node }: Extract<RecoveryStep, { kind: 'start' }>): void {
    const { memory } = this.#parts;
    const { id } = chunk;
    memory.copies.makeRoom(node, chunk.lengthBytes);
    const object = memory.objectOf(id);
    const fragment = object?.fragments[id.fragment];
    if (object === undefined || fragment === undefined) throw new Error(`${chunkKey(id)}: recovered without an object`);
    const stop = new AbortController();
    memory.retain(object);
    fragment.beginMove(id.index);
    const recovery: ChunkRecovery = { object, fragment, id, node, signal: stop.signal };
    const ended = this.#recover(recovery, chunk).then((outcome) => this.#end(recovery, chunk, outcome));
    this.#underWay.set(chunkKey(id), { object, stop, ended });
  }

  async #recover(recovery: ChunkRecovery, { kind }: LostChunk): Promise<ChunkOutcome> {
    const { origin } = recovery.object;
    const isThere = origin !== undefined && this.#parts.isInStore(origin.object);
    try {
      if (kind === 'data' && isThere) return await loadChunk(this.#parts, recovery);
      return await rebuildChunk(this.#parts, recovery);
    } catch (thrown) {
      const { code, message } = asSionError(thrown);
      this.#parts.log.debug('recovery-failed', { chunk: chunkKey(recovery.id), code, reason: message });
      return 'other';
    }
  }

  #end({ object, fragment, id, node }: ChunkRecovery, chunk: LostChunk, outcome: ChunkOutcome): void {
    const { memory, metrics, clock } = this.#parts;
    this.#underWay.delete(chunkKey(id));
    fragment.endMove(id.index, outcome === undefined ? node : undefined);
    if (outcome === undefined) {
      this.#queue.held(id);
      metrics.countRecoveredChunk(chunk.kind, chunk.lengthBytes);
    } else {
      const isOver = object.dropped || this.#stopped;
      const isGivenUp = this.#queue.failed(id, isOver ? 'final' : outcome, clock.monotonicMs());
      if (isGivenUp && !isOver) metrics.countRecoveryGivenUp(1);
    }
    memory.release(object);
    this.#pumpSoon();
  }

  #stateOf(id: ChunkId): LostChunkState {
    const { memory } = this.#parts;
    const object = memory.objectOf(id);
    const fragment = object?.fragments[id.fragment];
    if (object === undefined || object.dropped || fragment === undefined) return { kind: 'gone' };
    if (fragment.held[id.index] === true) return { kind: 'held' };
    if (!memory.isOpen || !fragment.settled) return { kind: 'busy' };
    return { kind: 'lost', nodes: fragment.nodes };
  }
}
