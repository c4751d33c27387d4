/**
 * Migration in the background: fragments that lie too far back are moved to the newest window. A read that has a whole
 * fragment at hand moves it in passing; others ask for it here, and it is pulled later, a bounded number at a time and of a
 * bounded queue. What does not fit is not moved: it stays where it is until it is used again or ages.
 */
import type { FragmentMover } from '../memory/object-memory.ts';
import type { PlacedObject } from '../memory/placed-object.ts';
import { type MoveParts, moveFragment } from './move-fragment.ts';

export interface MoverSettings {
  /** Fragments that are moved at a time, in passing or not; 0 = none. */
  readonly concurrency: number;
}

/** Fragments that wait to be moved. */
const maxWaiting = 16_384;

interface Wanted {
  readonly object: PlacedObject;
  readonly number: number;
}

export class Mover implements FragmentMover {
  readonly #parts: MoveParts;
  readonly #settings: MoverSettings;
  readonly #waiting = new Map<string, Wanted>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(parts: MoveParts, settings: MoverSettings) {
    this.#parts = parts;
    this.#settings = settings;
  }

  /** Fragments that wait to be moved, and those that are being moved. */
  get status(): { readonly waiting: number; readonly underWay: number } {
    return { waiting: this.#waiting.size, underWay: this.#underWay.size };
  }

  passed(object: PlacedObject, number: number, data: readonly Uint8Array[] | undefined): Promise<void> | undefined {
    if (data === undefined || this.#underWay.size >= this.#settings.concurrency) {
      this.want(object, number);
      return undefined;
    }
    return this.#begin(object, number, data);
  }

  /** The fragment should move when there is time for it. */
  want(object: PlacedObject, number: number): void {
    if (this.#settings.concurrency === 0 || this.#stop.signal.aborted || this.#waiting.size >= maxWaiting) return;
    if (this.#parts.memory.isSaving) return;
    this.#waiting.set(`${object.name}/${number}`, { object, number });
    this.#pump();
  }

  /** Ends what is under way and begins nothing more; resolves when that is over. */
  async stop(): Promise<void> {
    this.#waiting.clear();
    this.#stop.abort();
    await Promise.all(this.#underWay);
  }

  #pump(): void {
    if (this.#parts.memory.isSaving) this.#waiting.clear();
    for (const [key, { object, number }] of this.#waiting) {
      if (this.#underWay.size >= this.#settings.concurrency) return;
      this.#waiting.delete(key);
      if (this.#parts.memory.isOutdated(object, number)) void this.#begin(object, number, undefined);
    }
  }

  #begin(object: PlacedObject, number: number, data: readonly Uint8Array[] | undefined): Promise<void> | undefined {
    const moving = moveFragment(this.#parts, object, number, data, this.#stop.signal);
    if (moving === undefined) return undefined;
    const noted = moving.finally(() => {
      this.#underWay.delete(noted);
      this.#pump();
    });
    this.#underWay.add(noted);
    return noted;
  }
}
