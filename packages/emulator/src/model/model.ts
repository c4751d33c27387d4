/**
 * The model of Lambda: events in, effects out, no clock, no I/O, no processes, no HTTP. It owns the functions, their
 * instances, what waits, and the bill. Everything that happens by time alone stands in its agenda and is done in the
 * order of its own times, so a late `wake` changes no outcome and the same events always give the same effects.
 */
import type { Random } from '@sion/components';
import { Agenda } from '@sion/components';
import { admit } from './admission.ts';
import type { Answer, Effect, FunctionConfig, ModelEvent, Reply } from './events.ts';
import type { Figures } from './figures.ts';
import { emptyTally, FunctionState, type Tally } from './function-state.ts';
import type { AgendaItem, Instance, InstanceState, Invocation } from './instance.ts';
import { InstancePool, type ModelContext } from './instance-pool.ts';
import { SlidingWindow } from './limits.ts';
import { seededRandom, selectVictims } from './reclaim.ts';
import type { Report } from './report.ts';

/** A function, for listings. */
export interface FunctionView {
  readonly config: FunctionConfig;
  readonly state: 'Active' | 'Inactive' | 'Pending';
  readonly instances: number;
}

/** An instance, for listings. */
export interface InstanceView {
  readonly instance: number;
  readonly functionName: string;
  readonly revision: string;
  readonly state: InstanceState;
  readonly ageMs: number;
  readonly idleMs: number | undefined;
  readonly invocations: number;
  readonly memoryMb: number;
  readonly maxMemoryMb: number;
  readonly requestId: string | undefined;
}

export class LambdaModel implements ModelContext {
  readonly figures: Figures;
  readonly random: Random;
  readonly agenda = new Agenda<AgendaItem>();
  nowMs = Number.NEGATIVE_INFINITY;
  readonly #functions = new Map<string, FunctionState>();
  readonly #tallies = new Map<string, Tally>();
  readonly #pool: InstancePool;
  readonly #rate: SlidingWindow;
  #waitingEvents = 0;
  #effects: Effect[] = [];
  #wakeAtMs: number | undefined;

  constructor(figures: Figures, random: Random) {
    this.figures = figures;
    this.random = random;
    this.#rate = new SlidingWindow(figures.rateWindowMs);
    this.#pool = new InstancePool(this);
  }

  /** Takes one event at `nowMs` (which never goes back) and says what is to be done, in order. */
  step(nowMs: number, event: ModelEvent): readonly Effect[] {
    this.#effects = [];
    this.#runDue(nowMs);
    this.nowMs = Math.max(this.nowMs, nowMs);
    this.#take(event);
    const nextMs = this.agenda.nextMs();
    // A `wake` that came too early is asked for again.
    const asked = nextMs === this.#wakeAtMs && event.kind !== 'wake';
    if (nextMs !== undefined && !asked) this.emit({ kind: 'wake-at', atMs: nextMs });
    this.#wakeAtMs = nextMs;
    return this.#effects;
  }

  /** How much a function may reserve besides what the others have reserved. */
  reservable(name: string): number {
    let others = 0;
    for (const { config } of this.#functions.values())
      if (config.name !== name) others += config.reservedConcurrency ?? 0;
    return Math.max(0, this.figures.accountConcurrency - this.figures.minUnreservedConcurrency - others);
  }

  /** All functions as of `nowMs`. */
  functions(nowMs: number): readonly FunctionView[] {
    return [...this.#functions.values()].map((state) => ({
      config: state.config,
      state: this.#readiness(state, nowMs),
      instances: state.instances.size,
    }));
  }

  /** All instances as of `nowMs`. */
  instances(nowMs: number): readonly InstanceView[] {
    return [...this.#pool.all()].map((instance) => ({
      instance: instance.id,
      functionName: instance.config.name,
      revision: instance.config.revision,
      state: instance.state,
      ageMs: nowMs - instance.bornMs,
      idleMs: instance.idleSinceMs === undefined ? undefined : nowMs - instance.idleSinceMs,
      invocations: instance.invocations,
      memoryMb: instance.config.memoryMb,
      maxMemoryMb: instance.maxMemoryMb,
      requestId: instance.attempt?.invocation.requestId,
    }));
  }

  /** What each function has cost so far, removed ones too. */
  tallies(): ReadonlyMap<string, Readonly<Tally>> {
    return this.#tallies;
  }

  /** For the model's own parts. */
  emit(effect: Effect): void {
    this.#effects.push(effect);
  }

  /** For the model's own parts. */
  functionState(name: string): FunctionState | undefined {
    return this.#functions.get(name);
  }

  /** For the model's own parts: answers a synchronous invocation, or decides on an Event's next attempt. */
  attemptEnded(invocation: Invocation, answer: Answer, report: Report): void {
    const { requestId } = invocation;
    if (invocation.mode === 'sync') {
      if (answer.kind === 'returned') return this.#respond(requestId, { kind: 'returned', body: answer.body, report });
      const { errorType, body } = answer;
      return this.#respond(requestId, { kind: 'function-error', errorType, body, report });
    }
    if (answer.kind === 'returned') return this.#settle(invocation, 'succeeded');
    invocation.failures += 1;
    if (invocation.failures > this.figures.eventRetries) return this.#settle(invocation, 'failed');
    invocation.throttles = 0;
    this.#retry(invocation, this.figures.eventRetryMs * invocation.failures);
  }

  #take(event: ModelEvent): void {
    if (event.kind === 'put-function') return this.#putFunction(event.config);
    if (event.kind === 'remove-function') return this.#removeFunction(event.name);
    if (event.kind === 'deactivate') return this.#deactivate(event.name);
    if (event.kind === 'invoke') return this.#invoke(event.requestId, event.functionName, event.mode);
    if (event.kind === 'reclaim') return this.#reclaim(event);
    if (event.kind === 'wake') return;
    const instance = this.#pool.get(event.instance);
    // What an instance says after its end comes too late to matter.
    if (instance !== undefined) this.#hear(instance, event);
  }

  #hear(instance: Instance, event: Extract<ModelEvent, { readonly instance: number }>): void {
    const { attempt } = instance;
    switch (event.kind) {
      case 'ready':
        return this.#pool.ready(instance);
      case 'init-failed':
        if (instance.state === 'init') this.#pool.initFailed(instance, event.errorType, event.body);
        return;
      case 'answered':
        if (instance.state !== 'busy' || attempt?.invocation.requestId !== event.requestId) return;
        attempt.answer ??= event.answer;
        return;
      case 'asked':
        return this.#pool.asked(instance);
      case 'exited':
        if (instance.state === 'init' && attempt?.initFailed === false) {
          return this.#pool.initFailed(instance, 'Runtime.ExitError', undefined);
        }
        return this.#pool.die(instance, 'exited', 'Runtime.ExitError', event.status);
      case 'memory':
        instance.maxMemoryMb = Math.max(instance.maxMemoryMb, event.usedMb);
        if (event.usedMb <= instance.config.memoryMb) return;
        return this.#pool.die(instance, 'out-of-memory', 'Runtime.OutOfMemory', 'signal: killed');
    }
  }

  #putFunction(config: FunctionConfig): void {
    if ((config.reservedConcurrency ?? 0) > this.reservable(config.name)) {
      throw new Error(`function ${config.name} reserves more than the account has; ask reservable() first`);
    }
    const state = this.#functions.get(config.name);
    if (state === undefined) {
      const tally = this.#tallies.get(config.name) ?? emptyTally();
      this.#tallies.set(config.name, tally);
      this.#functions.set(config.name, new FunctionState(config, this.figures, this.nowMs, tally));
      return;
    }
    const replaced = state.config.revision !== config.revision;
    state.config = config;
    if (!replaced) return;
    state.lastUsedMs = this.nowMs;
    state.pendingUntilMs = undefined;
    for (const instance of state.instances.values()) this.#pool.doom(instance, 'update');
  }

  #removeFunction(name: string): void {
    const state = this.#functions.get(name);
    if (state === undefined) return;
    for (const instance of state.instances.values()) {
      this.#pool.die(instance, 'removed', 'Runtime.ExitError', 'signal: killed');
    }
    this.#functions.delete(name);
  }

  #deactivate(name: string): void {
    const state = this.#functions.get(name);
    if (state === undefined || state.inFlight > 0) return;
    state.lastUsedMs = Number.NEGATIVE_INFINITY;
    for (const instance of state.instances.values()) this.#pool.kill(instance, 'idle');
  }

  #invoke(requestId: string, functionName: string, mode: 'sync' | 'event'): void {
    const state = this.#functions.get(functionName);
    if (state === undefined) return this.#respond(requestId, { kind: 'not-found' });
    const readiness = this.#readiness(state, this.nowMs);
    if (readiness === 'Inactive') state.pendingUntilMs = this.nowMs + this.figures.pendingMs;
    state.lastUsedMs = this.nowMs;
    if (readiness !== 'Active') return this.#respond(requestId, { kind: 'not-ready', state: readiness });
    const invocation: Invocation = { requestId, functionName, mode, arrivedMs: this.nowMs, failures: 0, throttles: 0 };
    if (mode === 'event') {
      if (this.#waitingEvents >= this.figures.eventQueueLimit) {
        const retryAfterMs = this.figures.eventBackoffMs;
        return this.#respond(requestId, { kind: 'throttled', reason: 'CallerRateLimitExceeded', retryAfterMs });
      }
      this.#waitingEvents += 1;
      this.#respond(requestId, { kind: 'accepted' });
    }
    this.#attempt(state, invocation);
  }

  #attempt(state: FunctionState, invocation: Invocation): void {
    const decision = admit(state, this.#account(state), invocation.mode, this.figures, this.nowMs, this.random);
    if (decision.kind === 'throttle') {
      state.tally.throttles += 1;
      if (invocation.mode === 'sync') return this.#respond(invocation.requestId, { ...decision, kind: 'throttled' });
      const backoffMs = this.figures.eventBackoffMs * 2 ** Math.min(invocation.throttles, 30);
      invocation.throttles += 1;
      return this.#retry(invocation, Math.min(backoffMs, this.figures.eventMaxBackoffMs));
    }
    const instance = decision.kind === 'reuse' ? decision.instance : this.#pool.start(state, invocation);
    if (decision.kind === 'reuse') this.#pool.reuse(instance, invocation);
    if (invocation.mode === 'event') return;
    instance.served.record(this.nowMs);
    state.rate.record(this.nowMs);
    this.#rate.record(this.nowMs);
  }

  #account(of: FunctionState): { unreserved: number; unreservedInFlight: number; rate: SlidingWindow } {
    let reserved = 0;
    let unreservedInFlight = 0;
    // A function with a reservation needs neither sum.
    if (of.config.reservedConcurrency === undefined) {
      for (const { config, inFlight } of this.#functions.values()) {
        if (config.reservedConcurrency === undefined) unreservedInFlight += inFlight;
        else reserved += config.reservedConcurrency;
      }
    }
    return { unreserved: this.figures.accountConcurrency - reserved, unreservedInFlight, rate: this.#rate };
  }

  #reclaim(event: Extract<ModelEvent, { kind: 'reclaim' }>): void {
    const candidates = [...this.#pool.all()].filter((instance) => event.idleOnly !== true || instance.state === 'idle');
    const random = event.seed === undefined ? this.random : seededRandom(event.seed);
    for (const victim of selectVictims(candidates, event.selection, random)) {
      this.#pool.die(victim, 'command', 'Runtime.ExitError', 'signal: killed');
    }
  }

  #readiness(state: FunctionState, nowMs: number): FunctionView['state'] {
    if (state.pendingUntilMs !== undefined && nowMs < state.pendingUntilMs) return 'Pending';
    const { inactiveAfterMs } = this.figures;
    const busy = state.inFlight > 0;
    return inactiveAfterMs > 0 && !busy && nowMs - state.lastUsedMs >= inactiveAfterMs ? 'Inactive' : 'Active';
  }

  #retry(invocation: Invocation, waitMs: number): void {
    const atMs = this.nowMs + waitMs;
    if (atMs - invocation.arrivedMs > this.figures.eventMaxAgeMs) return this.#settle(invocation, 'expired');
    this.agenda.add(atMs, { kind: 'attempt', invocation });
  }

  #settle(invocation: Invocation, outcome: 'succeeded' | 'failed' | 'expired' | 'removed'): void {
    this.#waitingEvents -= 1;
    this.emit({ kind: 'settled', requestId: invocation.requestId, outcome });
  }

  #respond(requestId: string, reply: Reply): void {
    this.emit({ kind: 'respond', requestId, reply });
  }

  #runDue(nowMs: number): void {
    for (let due = this.agenda.takeDue(nowMs); due !== undefined; due = this.agenda.takeDue(nowMs)) {
      this.nowMs = Math.max(this.nowMs, due.atMs);
      this.#runItem(due.what);
    }
  }

  #runItem(item: AgendaItem): void {
    if (item.kind === 'attempt') {
      const state = this.#functions.get(item.invocation.functionName);
      if (state === undefined) return this.#settle(item.invocation, 'removed');
      return this.#attempt(state, item.invocation);
    }
    const { instance } = item;
    switch (item.kind) {
      case 'provisioned':
        return this.#pool.provisioned(instance);
      case 'init-timeout':
        return this.#pool.initFailed(instance, 'Sandbox.Timedout', undefined);
      case 'init-over':
        return this.#pool.initOver(instance);
      case 'timeout':
        return this.#pool.timeOut(instance);
      case 'idle':
        return this.#pool.kill(instance, 'idle');
      case 'life-time':
        return this.#pool.doom(instance, 'life-time');
    }
  }
}
