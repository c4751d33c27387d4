/**
 * What the RESP front counts since its start, or since CONFIG RESETSTAT: for INFO's sections stats, commandstats and
 * errorstats. The hot path adds to plain numbers.
 */
import type { Reply } from '@sion/wire';
import type { MetricsSnapshot } from '../../metrics/metrics.ts';

interface CommandCount {
  calls: number;
  micros: number;
  /** Refused before they ran. */
  rejected: number;
  /** Answered with an error. */
  failed: number;
}

/** Error prefixes that are told apart; Redis has the like, so that garbage cannot fill memory. */
const maxErrorKinds = 128;

/** See the module. */
export class Traffic {
  connections = 0;
  rejectedConnections = 0;
  openConnections = 0;
  commands = 0;
  errors = 0;
  receivedBytes = 0;
  sentBytes = 0;
  readonly #byCommand = new Map<string, CommandCount>();
  readonly #byError = new Map<string, number>();
  /** Reads before the counts were set back. */
  #hitsBefore = 0;
  #missesBefore = 0;

  /** One command that has its answer. */
  countCommand(name: string, micros: number, failed: boolean): void {
    const count = this.#count(name);
    count.calls += 1;
    count.micros += micros;
    if (failed) count.failed += 1;
  }

  countRejected(name: string): void {
    this.#count(name).rejected += 1;
  }

  /** One error that was sent; other replies are not counted. */
  countError(reply: Reply): void {
    if (reply.kind !== 'error') return;
    this.errors += 1;
    const prefix = /^[A-Z]+/.exec(reply.text)?.[0] ?? 'ERR';
    const before = this.#byError.get(prefix);
    if (before === undefined && this.#byError.size >= maxErrorKinds) return;
    this.#byError.set(prefix, (before ?? 0) + 1);
  }

  get byCommand(): ReadonlyMap<string, Readonly<CommandCount>> {
    return this.#byCommand;
  }

  get byError(): ReadonlyMap<string, number> {
    return this.#byError;
  }

  /** Reads of objects that were there, and of such that were not; over HTTP as well. */
  reads(totals: MetricsSnapshot): { readonly hits: number; readonly misses: number } {
    const { hits, misses } = readsOf(totals);
    return { hits: hits - this.#hitsBefore, misses: misses - this.#missesBefore };
  }

  /** CONFIG RESETSTAT: all but what is open now. */
  reset(totals: MetricsSnapshot): void {
    this.connections = 0;
    this.rejectedConnections = 0;
    this.commands = 0;
    this.errors = 0;
    this.receivedBytes = 0;
    this.sentBytes = 0;
    this.#byCommand.clear();
    this.#byError.clear();
    const { hits, misses } = readsOf(totals);
    this.#hitsBefore = hits;
    this.#missesBefore = misses;
  }

  #count(name: string): CommandCount {
    let count = this.#byCommand.get(name);
    if (count === undefined) {
      count = { calls: 0, micros: 0, rejected: 0, failed: 0 };
      this.#byCommand.set(name, count);
    }
    return count;
  }
}

function readsOf({ gets }: MetricsSnapshot): { readonly hits: number; readonly misses: number } {
  const { miss, ...hits } = gets;
  return { hits: Object.values(hits).reduce((sum, count) => sum + count, 0), misses: miss };
}
