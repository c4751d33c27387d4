/** What a simulation counts of itself besides faults: how many calls met a fault, and what became of the instances. */

/** What is wrong at a moment. */
export interface Disturbance {
  /** Faults so far. */
  readonly faults: number;
  /** Something is wrong that lasts. */
  readonly isFoul: boolean;
}

export class Tally {
  /** Of clients, each with all its steps: staging, waiting, the last byte. */
  calls = 0;
  /** What the longest of them took. */
  longestMs = 0;
  /** During which a fault came. */
  struck = 0;
  /** During which a fault came, or something was wrong that lasted. */
  overlapping = 0;
  /** That found functions to have cost what they may. */
  saved = 0;
  /** Instances that ended, by the reason. */
  readonly losses = new Map<string, number>();

  countCall(before: Disturbance, after: Disturbance, tookMs: number): void {
    this.calls++;
    this.longestMs = Math.max(this.longestMs, tookMs);
    const isStruck = after.faults > before.faults;
    if (isStruck) this.struck++;
    if (isStruck || before.isFoul || after.isFoul) this.overlapping++;
  }

  countLoss(reason: string): void {
    this.losses.set(reason, (this.losses.get(reason) ?? 0) + 1);
  }
}
