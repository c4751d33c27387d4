/**
 * Turns the wheel of windows and carries out what follows from it: evicts what has not been touched for the horizon, moves
 * on what was used in a window that degrades, gives groups back that hold nothing any more. What is how old is core's
 * `Placement`.
 *
 *     each turn    open the windows that are due, seal groups whose instances are old
 *                  evict, one by one, objects whose last touch is a horizon ago
 *                  groups that have just degraded: carry on what was touched after their last window, the hottest first
 *                  groups that are overdue: carry on what is young enough to stay
 *                  groups that are empty: release them; their nodes are not asked for anything until they are opened again
 *
 * Must never: stop because one turn failed (it is tried again a moment later), or work through a large directory in one go.
 */
import { type Clock, delay, type Log, type Timer } from '@sion/components';
import type { DegradedGroup, Placement, PlacementGroup } from '@sion/core';
import { asSionError } from '@sion/wire';
import type { Fleet } from '../fleet/fleet.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import type { PlacedObject } from '../memory/placed-object.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Entry, Knowledge } from '../objects/knowledge.ts';
import type { Mover } from './mover.ts';

export interface WindowKeeperParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly fleet: Fleet;
  readonly placement: Placement;
  readonly memory: ObjectMemory;
  readonly knowledge: Knowledge;
  readonly metrics: Metrics;
  readonly mover: Mover;
}

/** Until a turn that failed, or could not begin, is tried again. */
const retryMs = 1000;

/** A turn that comes a hair too early finds nothing to do, and must not come again at once. */
const leastWaitMs = 1;

/** Entries that are looked at in one go. */
const entriesAtOnce = 20_000;

export class WindowKeeper {
  readonly #parts: WindowKeeperParts;
  #timer: Timer | undefined;
  #turning: Promise<void> | undefined;
  #stopped = false;
  /** Degraded, and not looked at yet. */
  #degraded: DegradedGroup[] = [];

  constructor(parts: WindowKeeperParts) {
    this.#parts = parts;
    this.#schedule();
  }

  /** Frees all that lies on the group's nodes at once, and the group, because the fleet has no other room. */
  releaseGroup(group: PlacementGroup): void {
    const { knowledge, log } = this.#parts;
    let objects = 0;
    for (const object of this.#objectsOn(group)) {
      const entry = entryOf(object, knowledge);
      if (entry !== undefined && knowledge.retire(entry)) objects++;
    }
    log.info('window-released-early', { group: group.group, objects });
    this.#release(group);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#turning;
  }

  #schedule(afterMs?: number): void {
    if (this.#stopped) return;
    const { clock, placement } = this.#parts;
    const waitMs = afterMs ?? placement.nextTurnMs - clock.monotonicMs();
    this.#timer = clock.after(Math.max(leastWaitMs, Math.ceil(waitMs)), () => {
      this.#turning = this.#turn();
    });
  }

  /** Never rejects. */
  async #turn(): Promise<void> {
    const { clock, log, placement, memory } = this.#parts;
    // Before the snapshot is loaded, groups look empty that are not.
    if (!memory.isOpen) return this.#schedule(retryMs);
    try {
      const { turns, degraded, rotated } = placement.turn(clock.monotonicMs());
      this.#degraded.push(...degraded);
      this.#parts.metrics.countRotation(rotated);
      if (turns > 0) log.debug('window-opened', { turns, degraded: degraded.length });
      await this.#age();
      for (let group = this.#degraded[0]; group !== undefined; group = this.#degraded[0]) {
        this.#carryOn(group, group.closedMs);
        this.#degraded.shift();
      }
      for (const group of placement.overdue()) this.#carryOn(group, clock.monotonicMs() - placement.horizonMs);
      this.#releaseEmpty();
      this.#schedule();
    } catch (thrown) {
      const { code, message } = asSionError(thrown);
      log.error('window-not-turned', { code, reason: message, retryMs });
      this.#schedule(retryMs);
    }
  }

  /** Evicts what was not touched for the horizon. */
  async #age(): Promise<void> {
    const { clock, knowledge, placement, log } = this.#parts;
    const beforeMs = clock.monotonicMs() - placement.horizonMs;
    let [looked, aged] = [0, 0];
    for (const entry of knowledge.entries()) {
      if (entry.placed !== undefined && entry.placed.touchedMs <= beforeMs && knowledge.retire(entry)) aged++;
      looked++;
      if (looked % entriesAtOnce !== 0) continue;
      await delay(clock, 0);
      if (this.#stopped) return;
    }
    if (aged > 0) log.debug('objects-aged', { objects: aged });
  }

  /** Moves on what was touched since then, the hottest first. */
  #carryOn(group: PlacementGroup, sinceMs: number): void {
    const { mover } = this.#parts;
    const touched = [...this.#objectsOn(group)].filter((object) => object.touchedMs > sinceMs);
    touched.sort((a, b) => b.touchedMs - a.touchedMs || a.id.counter - b.id.counter);
    for (const object of touched) for (const number of object.fragments.keys()) mover.want(object, number);
  }

  #releaseEmpty(): void {
    const { memory, placement } = this.#parts;
    for (const group of placement.empty(memory)) this.#release(group);
  }

  #release(group: PlacementGroup): void {
    const { fleet, memory, placement, metrics, log } = this.#parts;
    for (const node of group.nodes) {
      memory.copies.clear(node);
      fleet.release(node);
    }
    placement.release(group.group);
    metrics.countRelease(group.nodes.length);
    log.debug('group-released', { group: group.group });
  }

  #objectsOn({ nodes }: PlacementGroup): ReadonlySet<PlacedObject> {
    const objects = new Set<PlacedObject>();
    for (const node of nodes) for (const object of this.#parts.memory.objectsOn(node)) objects.add(object);
    return objects;
  }
}

/** The entry that shows this object at present. */
function entryOf(object: PlacedObject, knowledge: Knowledge): Entry | undefined {
  const entry = object.origin === undefined ? undefined : knowledge.peek(object.origin.key);
  return entry?.placed === object ? entry : undefined;
}
