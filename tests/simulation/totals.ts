/** What many simulations came to together: faults by kind, lost instances, and how many calls met a fault. */
import type { SimulationReport } from './simulation.ts';

/** The paper's: 1,083 instances lost in 50 hours, of about 95. */
const paperLossesPerNodeHour = 1083 / 50 / 95;

export class Totals {
  readonly #counts = new Map<string, number>();
  readonly #seedsWith = new Map<string, number>();
  #reports = 0;
  #failed = 0;
  #operations = 0;
  #virtualHours = 0;
  #nodeHours = 0;
  #calls = 0;
  #struck = 0;
  #overlapping = 0;
  #losses = 0;
  #leastLosses = Number.POSITIVE_INFINITY;
  #leastOverlap = 1;
  #longestMs = 0;

  get failed(): number {
    return this.#failed;
  }

  add(report: SimulationReport): void {
    const { problems, operations, virtualMs, nodes, faults, reads, tally, acknowledged, demand, moved } = report;
    const { calls, struck, overlapping, losses } = tally;
    const [hours, lost] = [virtualMs / 3_600_000, [...losses.values()].reduce((sum, count) => sum + count, 0)];
    this.#reports++;
    if (problems.length > 0) this.#failed++;
    this.#operations += operations;
    this.#virtualHours += hours;
    this.#nodeHours += hours * nodes;
    this.#calls += calls;
    this.#struck += struck;
    this.#overlapping += overlapping;
    this.#losses += lost;
    this.#leastLosses = Math.min(this.#leastLosses, lost);
    this.#longestMs = Math.max(this.#longestMs, tally.longestMs);
    this.#leastOverlap = Math.min(this.#leastOverlap, overlapping / Math.max(1, calls));
    for (const [kind, times] of faults) this.#count(kind, times);
    for (const [source, times] of reads) this.#count(`(read: ${source})`, times);
    for (const [by, times] of Object.entries(acknowledged)) this.#count(`(write acknowledged: ${by})`, times);
    for (const [kind, times] of demand) if (times > 0) this.#count(`(chunk: ${kind})`, times);
    if (moved.chunks > 0) this.#count('(chunks moved to a newer window)', moved.chunks);
    if (moved.releasedNodes > 0) this.#count('(nodes released)', moved.releasedNodes);
    if (tally.saved > 0) this.#count('(call while functions have cost what they may)', tally.saved);
    for (const [reason, times] of losses) this.#count(`(instance ended: ${reason})`, times);
  }

  /** For people. */
  render(): string {
    const lines = [...this.#counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, times]) => `${String(times).padStart(8)}  ${kind}, in ${this.#seedsWith.get(kind)} seeds`);
    const perNodeHour = this.#losses / this.#nodeHours;
    return [
      ...lines,
      '',
      `${this.#reports} seeds, ${this.#failed} failed; ${this.#operations} operations, ${this.#calls} calls of clients, ` +
        `${this.#virtualHours.toFixed(1)} virtual hours`,
      `instances lost: ${this.#losses}, at least ${this.#leastLosses} per seed; ` +
        `${(this.#losses / this.#virtualHours).toFixed(0)} per virtual hour, ${perNodeHour.toFixed(1)} per node and hour: ` +
        `${(perNodeHour / paperLossesPerNodeHour).toFixed(0)} times the paper's`,
      `calls that overlap a fault: ${share(this.#overlapping, this.#calls)}, at least ` +
        `${(100 * this.#leastOverlap).toFixed(1)} % per seed; during ${share(this.#struck, this.#calls)} one came; ` +
        `the longest took ${(this.#longestMs / 1000).toFixed(0)} s`,
    ].join('\n');
  }

  #count(kind: string, times: number): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + times);
    this.#seedsWith.set(kind, (this.#seedsWith.get(kind) ?? 0) + 1);
  }
}

function share(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
}
