/**
 * A run: the fleet is started, loaded and disturbed for a time; then all is calm, everything is read back, the fleet is
 * stopped, and every key's history is judged.
 */
import { cpus, totalmem } from 'node:os';
import { History } from '../doubles/history.ts';
import { disturb } from './disturb.ts';
import { type PlannedFault, planFaults } from './fault-plan.ts';
import { checkFiles, readBack } from './final-check.ts';
import type { Fleet } from './fleet.ts';
import { createHttpRequests } from './http-requests.ts';
import { createLibraryRequests } from './library-requests.ts';
import { LoadClient, type LoadWorld } from './load.ts';
import type { ChaosOptions } from './options.ts';
import type { Progress } from './progress.ts';
import { ReadSources } from './read-sources.ts';
import type { FaultRecord, Problem, RequestRecord } from './record.ts';
import { reportLoad } from './report.ts';
import type { ChaosReport } from './report-text.ts';
import type { ChaosClient, Durability } from './requests.ts';
import { createRespRequests } from './resp-requests.ts';
import { StoredValues } from './stored-values.ts';

/** Two lengths of a pause are told apart by it; the product's own is longer than a run has time for. */
export const leaseTtlMs = 6_000;

/** Before the end, so that the last fault is seen to be over. */
const lastMs = 5_000;
/** So long the next fault waits for the fleet to be whole again. */
const backMs = 30_000;

/** In calm, the fleet serves again within this time. */
const settleMs = 60_000;

const protocols = [createRespRequests, createHttpRequests, createLibraryRequests];
const durabilities: readonly Durability[] = ['store', 'journal', 'memory'];

/** One client with its connections. */
interface Connected {
  readonly client: ChaosClient;
  readonly load: LoadClient;
}

/** One run over a fleet that serves. It stops the load, and nothing else, when `interrupted` aborts. */
export class ChaosRun {
  readonly #options: ChaosOptions;
  readonly #fleet: Fleet;
  readonly #progress: Progress;
  readonly #interrupted: AbortSignal;
  readonly #requests: RequestRecord[] = [];
  readonly #faults: FaultRecord[] = [];
  readonly #problems: Problem[] = [];
  readonly #sources = new ReadSources();
  #startedMs = performance.now();
  readonly #world: LoadWorld;

  constructor(options: ChaosOptions, fleet: Fleet, progress: Progress, interrupted: AbortSignal) {
    this.#options = options;
    this.#fleet = fleet;
    this.#progress = progress;
    this.#interrupted = interrupted;
    const elapsedMs = () => performance.now() - this.#startedMs;
    this.#world = {
      seed: options.seed,
      history: new History(elapsedMs),
      values: new StoredValues(),
      volatileKeys: new Set(),
      elapsedMs,
      record: (request) => this.#requests.push(request),
      problem: (problem) => this.#problem(problem),
    };
  }

  /** What happened, as text: of these keys, or all of it. */
  history(keys?: ReadonlySet<string>): string {
    return this.#world.history.render(keys);
  }

  /** Runs to its end, the fleet's stop included. */
  async run(): Promise<ChaosReport> {
    const durationMs = this.#options.minutes * 60_000;
    const over = new AbortController();
    const stop = AbortSignal.any([over.signal, this.#interrupted]);
    const clients = Array.from({ length: this.#options.clients }, (_, number) => this.#connect(number));
    await Promise.all(clients.map(({ client }) => client.ready()));
    this.#startedMs = performance.now();
    const loads = clients.map(({ load }) =>
      load.run(stop).catch((thrown: unknown) => this.#broken('a client', thrown)),
    );
    const watching = this.#watch(stop);
    await this.#disturbAll(durationMs, stop);
    await unless(stop, durationMs - this.#world.elapsedMs());
    over.abort();
    const loadedMs = this.#world.elapsedMs();
    await Promise.all([...loads, watching]);
    for (const { client } of clients) client.close();
    const requests = [...this.#requests];
    const { readBack: read, files } = await this.#calm();
    for (const text of await this.#fleet.stop()) this.#problem({ kind: 'fleet', text });
    const { keys, operations, unknowns } = this.#world.history;
    this.#progress.say(`judging ${operations} operations on ${keys.length} keys`);
    for (const key of keys) this.#judge(key);
    return {
      settings: { ...this.#options, json: '', leaseTtlMs, proxies: this.#sources.lives },
      machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
      load: reportLoad(requests, this.#faults, loadedMs),
      reads: this.#sources.totals,
      check: { operations, unknowns, keys: keys.length, readBack: read, files },
      problems: this.#problems,
      isInterrupted: this.#interrupted.aborted,
    };
  }

  #connect(number: number, durability = this.#durabilityOf(number)): Connected {
    const create = protocols[number % protocols.length] ?? createRespRequests;
    const client = create(this.#fleet.ports, durability);
    return { client, load: new LoadClient(this.#world, `c${number}`, client, durability) };
  }

  #durabilityOf(number: number): Durability {
    const { durability } = this.#options;
    if (durability !== 'mixed') return durability;
    return durabilities[Math.floor(number / protocols.length) % durabilities.length] ?? 'store';
  }

  /** Carries the plan out, as far as there is time. */
  async #disturbAll(untilMs: number, stop: AbortSignal): Promise<void> {
    const count = Math.ceil(untilMs / 1_000);
    let beforeMs = 0;
    const underWay: Promise<void>[] = [];
    for (const fault of planFaults({ seed: this.#options.seed, count, leaseTtlMs })) {
      if (!fault.meets) await Promise.all(underWay.splice(0));
      await unless(stop, (fault.meets ? beforeMs - this.#world.elapsedMs() : 0) + fault.waitMs);
      const startMs = this.#world.elapsedMs();
      if (stop.aborted || startMs + fault.durationMs > untilMs - lastMs) break;
      beforeMs = startMs;
      underWay.push(this.#disturb(fault, startMs));
    }
    await Promise.all(underWay);
  }

  async #disturb(fault: PlannedFault, startMs: number): Promise<void> {
    const { kind } = fault;
    const begun: FaultRecord = { kind, text: kind, startMs, endMs: startMs, backMs: startMs, isDone: true };
    const index = this.#faults.push(begun) - 1;
    const at = startMs / 1000;
    this.#world.history.note(`begins: ${kind}`);
    try {
      const { text, isDone } = await disturb(this.#fleet, fault);
      const endMs = this.#world.elapsedMs();
      this.#world.history.note(`is over: ${text}`);
      await this.#fleet.untilBack(backMs);
      this.#faults[index] = { kind, text, startMs, endMs, backMs: this.#world.elapsedMs(), isDone };
      const tookMs = this.#world.elapsedMs() - startMs;
      this.#progress.say(`${at.toFixed(1).padStart(7)} s  ${text}; all answered after ${(tookMs / 1000).toFixed(1)} s`);
    } catch (thrown) {
      this.#broken(kind, thrown);
    }
  }

  /** Looks once a second how it stands. */
  async #watch(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await unless(stop, 1_000);
      const status = await this.#fleet.status();
      if (status !== undefined) this.#sources.add(status);
      const answered = this.#requests.filter(({ code }) => code === 'ok').length;
      const seconds = Math.round(this.#world.elapsedMs() / 1000);
      this.#progress.show(
        `${seconds} of ${Math.round(this.#options.minutes * 60)} s: ${answered} of ${this.#requests.length} answered, ` +
          `${this.#faults.length} faults, ${this.#problems.length} problems, ${status?.state ?? 'no status'}`,
      );
    }
  }

  async #calm(): Promise<{ readBack: number; files: number }> {
    if (this.#interrupted.aborted) return { readBack: 0, files: 0 };
    const { keys } = this.#world.history;
    this.#progress.say(`calm: reading ${keys.length} keys back`);
    const clients = [0, 1].map((number) => this.#connect(100 * protocols.length + number, 'store'));
    try {
      await this.#fleet.untilServing(settleMs);
      const loads = clients.map(({ load }) => load);
      const read = await readBack(this.#world, loads, keys);
      const reader = clients[1]?.client;
      const files = reader === undefined ? 0 : await checkFiles(this.#world, this.#fleet, reader, keys);
      return { readBack: read, files };
    } catch (thrown) {
      this.#broken('the reading back', thrown);
      return { readBack: 0, files: 0 };
    } finally {
      for (const { client } of clients) client.close();
    }
  }

  #judge(key: string): void {
    const fault = this.#world.history.check(key);
    if (fault === undefined) return;
    const undecided = fault.includes('too many orders') || fault.includes('open at a time');
    this.#problem({ kind: undecided ? 'undecided' : 'history', text: fault });
  }

  /** A part of the run itself failed. */
  #broken(what: string, thrown: unknown): void {
    this.#problem({
      kind: 'run',
      text: `${what}: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`,
    });
  }

  #problem(problem: Problem): void {
    this.#problems.push(problem);
    this.#world.history.note(`PROBLEM: ${problem.text}`);
    this.#progress.say(`PROBLEM (${problem.kind}): ${problem.text}`);
  }
}

/** Waits, but not beyond the abort. */
async function unless(stop: AbortSignal, ms: number): Promise<void> {
  if (stop.aborted || ms <= 0) return;
  const stopped = Promise.withResolvers<void>();
  const listener = () => stopped.resolve();
  stop.addEventListener('abort', listener, { once: true });
  const timer = setTimeout(listener, ms);
  await stopped.promise;
  clearTimeout(timer);
  stop.removeEventListener('abort', listener);
}
