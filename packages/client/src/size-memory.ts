/**
 * Which keys were large when this client last saw them. A GET over RESP takes whatever comes; one that is known to be large
 * goes over HTTP at once, without asking first. Bounded, and only a hint: being wrong costs speed, never a result.
 */

/** Keys that are remembered; the oldest make room. */
const capacity = 10_000;

export class SizeMemory {
  readonly #large = new Set<string>();
  readonly #largeBytes: number;

  constructor(largeBytes: number) {
    this.#largeBytes = largeBytes;
  }

  /** True when a value of that size goes over HTTP. */
  isLargeSize(sizeBytes: number): boolean {
    return sizeBytes > this.#largeBytes;
  }

  isLarge(name: string): boolean {
    return this.#large.has(name);
  }

  note(name: string, sizeBytes: number): void {
    this.#large.delete(name);
    if (!this.isLargeSize(sizeBytes)) return;
    this.#large.add(name);
    if (this.#large.size <= capacity) return;
    for (const oldest of this.#large) {
      this.#large.delete(oldest);
      return;
    }
  }

  forget(name: string): void {
    this.#large.delete(name);
  }
}
