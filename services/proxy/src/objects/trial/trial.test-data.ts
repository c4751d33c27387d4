/**
 * A trial: the real engine over a store and a fleet with faults, under a clock that only the trial moves. One seed decides
 * everything, so the same seed gives the same history. What is wrong at the end is said in `problems`.
 */
import { type Clock, VirtualStore } from '@sion/components';
import { asSionError, type ErrorCode } from '@sion/wire';
import { SeededRandom } from '@sion/workload';
import type { Fate } from '../../../../../tests/doubles/faulty-store.ts';
import { History } from '../../../../../tests/doubles/history.ts';
import { createManualClock, type ManualClock } from '../../../../../tests/doubles/manual-clock.ts';
import { createMemoryFleet, type MemoryFleet } from '../../../../../tests/doubles/memory-fleet.ts';
import type { ReadOutcome } from '../objects.ts';
import { TrialClient } from './clients.test-data.ts';
import { TrialDisk } from './disk.test-data.ts';
import { runEvents } from './events.test-data.ts';
import { findLeaks } from './leaks.test-data.ts';
import { Life } from './life.test-data.ts';
import { drawProfile, type Profile } from './profile.test-data.ts';

/** With so many calls of unknown result, no more are made: the checker cannot judge any number of them. */
const maxUnknowns = 16;

/** Longer than any trial takes unless something waits for ever. */
const patienceMs = 60_000;

export interface TrialReport {
  readonly seed: number | string;
  readonly problems: readonly string[];
  readonly log: string;
  readonly operations: number;
}

export async function runTrial(seed: number | string): Promise<TrialReport> {
  const trial = new Trial(seed);
  await trial.run();
  const { problems, history } = trial;
  const keys = [...new Set(problems.flatMap((problem) => /\b[kc]\d\b/.exec(problem) ?? []))];
  const log = `${JSON.stringify(trial.profile)}\n${history.render(keys.length === 1 ? new Set(keys) : undefined)}`;
  return { seed, problems, log, operations: history.operations };
}

export class Trial {
  readonly random: SeededRandom;
  readonly profile: Profile;
  readonly clock: ManualClock = createManualClock(1000);
  readonly history = new History(() => this.clock.wallMs());
  readonly problems: string[] = [];
  readonly store = new VirtualStore({ wallMs: () => this.clock.wallMs(), pieceBytes: 100 });
  readonly disk = new TrialDisk({
    requestMs: () => (this.isCalm ? 0 : this.random.integer(this.profile.diskDelayMs + 1)),
    fails: (name) => !this.isCalm && name.startsWith('journal') && this.random.double() < this.profile.diskFailures,
  });
  readonly #zombies: Life[] = [];
  /** Without faults any more. */
  isCalm = false;
  /** Nodes answer nothing before this time. */
  readonly stalledUntilMs = new Map<number, number>();
  #life: Life | undefined;
  #lives = 1;
  #busy = 0;
  #doors: Promise<void> = Promise.resolve();
  #number = 0;

  constructor(seed: number | string) {
    this.random = new SeededRandom(seed);
    this.profile = drawProfile(this.random);
  }

  get life(): Life {
    if (this.#life === undefined) throw new Error('no proxy has begun yet');
    return this.#life;
  }

  get lives(): number {
    return this.#lives;
  }

  async run(): Promise<void> {
    const { clients, operationsPerClient, nodes, capacityBytes } = this.profile;
    this.#life = await this.#createLife(1, (clock) => createMemoryFleet(nodes, capacityBytes, clock));
    let clientsDone = false;
    let done = false;
    const running = Array.from({ length: clients }, (_, index) =>
      new TrialClient(this, `client${index + 1}`).run(operationsPerClient),
    );
    const events = runEvents(this, () => clientsDone);
    const all = Promise.all(running)
      .then(async () => {
        clientsDone = true;
        await events;
        await this.#calmDown();
        done = true;
      })
      .catch((thrown: unknown) => {
        this.problem(`the trial itself failed: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
        done = true;
      });
    await this.#drive(() => done);
    if (!done) return;
    await all;
    for (const key of this.profile.keys) {
      const problem = this.history.check(key);
      if (problem !== undefined) this.problem(problem);
    }
  }

  /** True when nothing more should happen that leaves calls with an unknown result. */
  get isUncertainEnough(): boolean {
    return this.history.unknowns >= maxUnknowns;
  }

  /** True when an object may leave the store without the proxy that serves it having anything to do with that. */
  get mayVanish(): boolean {
    const { events, late } = this.profile;
    return (
      late > 0 ||
      this.profile.lost > 0 ||
      ['external delete', 'crash', 'takeover', 'restart'].some((event) => events.some((one) => one === event))
    );
  }

  /** Moves time from timer to timer, with everything that becomes ready carried out in between. */
  async #drive(isDone: () => boolean): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (isDone()) return;
      if (this.clock.monotonicMs() < patienceMs && this.clock.fireNext()) continue;
      const { open } = this.history;
      const calls = open.map(({ client, call, key, calledAt }) => `${client} ${call.kind} of ${key} (#${calledAt})`);
      return this.problem(`something waits for ever: ${calls.join(', ') || 'no call is open'}`);
    }
  }

  /** No faults any more: everything must come to rest, and clients must agree with each other and with the store. */
  async #calmDown(): Promise<void> {
    this.isCalm = true;
    this.life.lease.held = true;
    await this.#rest();
    for (let node = 0; node < this.life.fleet.size; node++) this.life.fleet.reconcile(node);
    for (const key of this.profile.keys) await new TrialClient(this, 'last').useOnce(key);
    for (const key of this.profile.keys) await this.#lookIntoStore(key);
    await this.#rest();
    for (const leak of findLeaks(this.life, true)) this.problem(leak);
    for (const life of [...this.#zombies, this.life]) {
      await life.engine.drain();
      await life.journaled?.close();
      for (const leak of findLeaks(life, life === this.life)) this.problem(`after draining, ${leak}`);
      life.clock.stop();
    }
    if (this.clock.pendingTimers() > 0) this.problem(`${this.clock.pendingTimers()} timers are left`);
  }

  async #lookIntoStore(key: string): Promise<void> {
    const observation = this.history.call(key, 'store', { kind: 'read' });
    const metadata = (await this.store.head(key))?.metadata;
    const isGone = metadata?.expiresAtMs !== undefined && metadata.expiresAtMs <= this.clock.wallMs();
    if (metadata === undefined || isGone) return this.history.returned(observation, { kind: 'nothing' });
    const { contentType = '', expiresAtMs } = metadata;
    this.history.returned(observation, { kind: 'object', token: contentType, expiresAtMs });
  }

  /** Until nothing is under way but the timers of sweeps and windows. */
  async #rest(): Promise<void> {
    const lives = [...this.#zombies, this.life];
    const isAtRest = () =>
      lives.every(({ clock, store }) => clock.pendingTimers <= 2 && store.underWay === 0) &&
      (this.life.journaled?.depth.names ?? 0) === 0 &&
      this.clock.pendingTimers() === lives.reduce((sum, { clock }) => sum + clock.pendingTimers, 0);
    let atRest = 0;
    while (atRest < 3) {
      await this.pause(1);
      atRest = isAtRest() ? atRest + 1 : 0;
    }
  }

  // What clients and events use.

  async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => this.clock.after(ms, resolve));
  }

  later(ms: number, fire: () => void): void {
    this.clock.after(ms, fire);
  }

  async opened(): Promise<void> {
    await this.#doors;
  }

  /** Now and then a client is still connected to a proxy that has lost its lease. */
  async busyWith(work: (life: Life) => Promise<void>): Promise<void> {
    this.#busy++;
    const zombie = this.random.integer(4) === 0 ? this.#zombies.at(-1) : undefined;
    try {
      await work(zombie ?? this.life);
    } finally {
      this.#busy--;
    }
  }

  /** A hit that comes after its proxy died is nobody's. */
  letGoAfterDeath(life: Life, reading: Promise<ReadOutcome>): void {
    reading.then(
      (outcome) => {
        if (life.isDead && outcome.kind === 'hit') outcome.body.cancel();
      },
      () => {},
    );
  }

  nextNumber(): number {
    return ++this.#number;
  }

  /** A token that somebody has seen under the key. */
  lastToken(key: string): string | undefined {
    return this.history.lastToken(key);
  }

  problem(text: string): void {
    this.history.note(`PROBLEM ${text}`);
    this.problems.push(text);
  }

  /** Errors have codes; `internal` only where the store has defects, and none at all in the end. */
  noteError(what: string, thrown: unknown, allowed: readonly ErrorCode[]): void {
    const { code, message, stack } = asSionError(thrown);
    this.history.note(`${what}: ${code}, ${message}`);
    const isAllowed = allowed.includes(code) || (code === 'internal' && this.profile.defects > 0);
    if (!isAllowed) this.problem(`${what}: ${code}, ${message} ${stack ?? ''}`);
  }

  /** Lets nobody in, waits until everybody is out, and lets them in again afterwards. */
  async behindClosedDoors(work: () => Promise<void>): Promise<void> {
    let open = () => {};
    this.#doors = new Promise((resolve) => {
      open = resolve;
    });
    while (this.#busy > 0) await this.pause(1);
    await work();
    open();
  }

  /** The next proxy; `fleetFor` gives it the nodes. The one before is dead, or does not know yet that it is none. */
  async nextLife(fleetFor: (clock: Clock) => MemoryFleet, before: 'dead' | 'zombie'): Promise<void> {
    if (before === 'zombie') this.#zombies.push(this.life);
    this.#lives++;
    const life = await this.#createLife(this.#lives, fleetFor);
    const { total } = await life.begin();
    this.history.note(`life ${this.#lives} begins with a snapshot of ${total} entries`);
    this.#life = life;
  }

  async #createLife(epoch: number, fleetFor: (clock: Clock) => MemoryFleet): Promise<Life> {
    const {
      maxEntries,
      bodyMemoryBytes,
      maxAbsentKeys,
      placeOnRead,
      brokenBodies,
      expiry,
      journalMaxAgeMs,
      durabilities,
    } = this.profile;
    const { random } = this;
    const life = await Life.open({
      ...{ epoch, fleetFor, clock: this.clock, store: this.store },
      ...(journalMaxAgeMs === undefined ? {} : { journalMaxAgeMs }),
      filesFor: (process) => this.disk.of(process),
      readMs: () => (this.isCalm ? 0 : random.integer(15)),
      settings: { maxEntries, bodyMemoryBytes, maxAbsentKeys, placeOnRead },
      faults: {
        fateOf: (request) => this.#drawFate(request),
        bodyFateOf: () => ({
          pieceMs: this.isCalm ? 0 : random.integer(3),
          ...(!this.isCalm && random.double() < brokenBodies ? { breaksAfter: random.integer(4) } : {}),
        }),
        // See the profile: what lands later must not meet an expiry.
        landsAfterCut: () => !expiry && !durabilities.includes('memory') && random.integer(2) === 0,
        onEvent: (text) => this.history.note(text),
      },
    });
    life.fleet.gate = async (_, node) => {
      const { nodeDelayMs, nodeRefusals } = this.profile;
      if (this.isCalm) return undefined;
      const stalledMs = (this.stalledUntilMs.get(node) ?? 0) - this.clock.monotonicMs();
      const delayMs = Math.max(stalledMs, this.#drawDelay(nodeDelayMs));
      if (delayMs > 0) await this.pause(delayMs);
      return random.double() < nodeRefusals ? 'unavailable' : undefined;
    };
    return life;
  }

  #drawDelay(mostMs: number): number {
    const times = this.random.double() < this.profile.slow ? 6 : 1;
    return this.random.integer(mostMs * times + 1);
  }

  #drawFate(request: string): Fate {
    const { random, profile } = this;
    const { storeDelayMs, refused, lost, late, never, defects } = profile;
    if (this.isCalm) return { thereMs: 0, backMs: 1, end: 'answered', lateMs: 0 };
    const thereMs = this.#drawDelay(storeDelayMs);
    const backMs = this.#drawDelay(storeDelayMs);
    const isWrite = ['put', 'commit', 'metadata', 'delete'].includes(request);
    if (this.isUncertainEnough) return { thereMs, backMs, end: 'answered', lateMs: 0 };
    let draw = random.double();
    const falls = (share: number) => {
      draw -= share;
      return draw < 0;
    };
    const end: Fate['end'] = falls(refused)
      ? 'refused'
      : falls(lost)
        ? 'lost'
        : falls(defects)
          ? random.integer(2) === 0
            ? 'defect-before'
            : 'defect-after'
          : isWrite && falls(late)
            ? 'late'
            : isWrite && falls(never)
              ? 'never'
              : 'answered';
    return { thereMs, backMs, end, lateMs: random.integer(80) };
  }
}
