/**
 * Carries instances through their lifecycle (table in `instance.ts`): starts them, hands them their invocation, freezes
 * them, ends them, and says how each attempt ended. It decides neither who may run (`admission.ts`) nor what becomes of
 * an invocation afterwards (`model.ts`).
 */
import type { Agenda, Random } from '@sion/components';
import type { Answer, Effect, KillReason } from './events.ts';
import type { Figures } from './figures.ts';
import type { FunctionState } from './function-state.ts';
import { type AgendaItem, type Attempt, Instance, type Invocation } from './instance.ts';
import { type AttemptStatus, billedDurations, type Report } from './report.ts';

/** What the parts of the model share while it takes one step. */
export interface ModelContext {
  readonly figures: Figures;
  readonly random: Random;
  readonly agenda: Agenda<AgendaItem>;
  nowMs: number;
  emit(effect: Effect): void;
  functionState(name: string): FunctionState | undefined;
  /** An attempt has ended; the invocation is the model's again. */
  attemptEnded(invocation: Invocation, answer: Answer, report: Report): void;
}

/** How an attempt fails without an answer of the handler. */
interface Failure {
  readonly reason: KillReason;
  readonly status: AttemptStatus;
  readonly errorType: string;
  /** The error as JSON; made from the type and the message where the runtime gave none. */
  readonly body: Uint8Array;
}

export class InstancePool {
  readonly #context: ModelContext;
  readonly #instances = new Map<number, Instance>();
  #nextId = 1;

  constructor(context: ModelContext) {
    this.#context = context;
  }

  get(id: number): Instance | undefined {
    return this.#instances.get(id);
  }

  all(): IterableIterator<Instance> {
    return this.#instances.values();
  }

  /** A new instance for this invocation: provisioning, then INIT, then the invocation. */
  start(state: FunctionState, invocation: Invocation): Instance {
    const instance = this.#create(state, { invocation, initFailed: false });
    const { figures, nowMs } = this.#context;
    if (figures.coldStartMs > 0) this.#schedule(instance, nowMs + figures.coldStartMs, 'provisioned');
    else this.provisioned(instance);
    return instance;
  }

  /** Runs an invocation on an idle instance. */
  reuse(instance: Instance, invocation: Invocation): void {
    this.#stateOf(instance).move(instance, 'busy');
    instance.idleSinceMs = undefined;
    instance.attempt = { invocation, initFailed: false, startedMs: this.#context.nowMs };
    this.#context.emit({ kind: 'thaw', instance: instance.id });
    this.#deliver(instance, instance.config.timeoutMs);
  }

  /** The sandbox is there: INIT begins. */
  provisioned(instance: Instance): void {
    const { nowMs, figures } = this.#context;
    const attempt = attemptOf(instance);
    this.#stateOf(instance).move(instance, 'init');
    instance.initStartedMs = nowMs;
    const { name, revision } = instance.config;
    this.#context.emit({ kind: 'spawn', instance: instance.id, functionName: name, revision });
    if (attempt.initFailed)
      this.#schedule(instance, (attempt.startedMs ?? nowMs) + instance.config.timeoutMs, 'timeout');
    else this.#schedule(instance, nowMs + figures.initTimeoutMs, 'init-timeout');
  }

  /** The runtime asked for its first invocation; it gets it once INIT has lasted as long as it must. */
  ready(instance: Instance): void {
    if (instance.state !== 'init') return;
    const { nowMs, figures } = this.#context;
    const floorMs = (instance.initStartedMs ?? nowMs) + figures.initFloorMs;
    if (attemptOf(instance).initFailed || floorMs <= nowMs) this.initOver(instance);
    else this.#schedule(instance, floorMs, 'init-over');
  }

  /** INIT is over: the invocation's own time begins. */
  initOver(instance: Instance): void {
    const { nowMs } = this.#context;
    const attempt = attemptOf(instance);
    if (!attempt.initFailed) {
      attempt.initMs = nowMs - (instance.initStartedMs ?? nowMs);
      attempt.startedMs = nowMs;
    }
    this.#stateOf(instance).move(instance, 'busy');
    this.#deliver(instance, (attempt.startedMs ?? nowMs) + instance.config.timeoutMs - nowMs);
  }

  /** INIT failed: it is tried once more within the invocation, on a fresh process; the second failure is the answer. */
  initFailed(instance: Instance, errorType: string, body: Uint8Array | undefined): void {
    const { nowMs } = this.#context;
    const attempt = attemptOf(instance);
    if (attempt.initFailed) {
      const message = body ?? errorBody(errorType, `RequestId: ${attempt.invocation.requestId} Error: INIT failed`);
      return this.fail(instance, { reason: 'init-failed', status: 'error', errorType, body: message });
    }
    attempt.initMs = nowMs - (instance.initStartedMs ?? nowMs);
    attempt.startedMs = nowMs;
    attempt.initFailed = true;
    const state = this.#stateOf(instance);
    instance.attempt = undefined;
    this.kill(instance, 'init-failed');
    this.provisioned(this.#create(state, attempt));
  }

  /** The runtime asked for the next invocation: the present one is over when it has been answered. */
  asked(instance: Instance): void {
    const answer = instance.attempt?.answer;
    if (instance.state !== 'busy' || answer === undefined) return;
    const attempt = attemptOf(instance);
    const report = this.#report(instance, attempt, answer.kind === 'error' ? 'error' : 'success');
    this.#rest(instance);
    this.#context.emit({ kind: 'report', report });
    this.#context.attemptEnded(attempt.invocation, answer, report);
  }

  /** Time-out, death or lack of memory: the instance ends, and so does its attempt. */
  fail(instance: Instance, failure: Failure): void {
    const attempt = instance.attempt;
    instance.attempt = undefined;
    if (attempt === undefined) return this.kill(instance, failure.reason);
    // An answer that was given stays the answer, even when the runtime did not live to ask for more; but what used too
    // much memory would have died before it could answer.
    const given = failure.status === 'out-of-memory' ? undefined : attempt.answer;
    const answer = given ?? { kind: 'error', errorType: failure.errorType, body: failure.body };
    const status = given === undefined ? failure.status : given.kind === 'error' ? 'error' : 'success';
    if (attempt.initMs === undefined && instance.initStartedMs !== undefined && attempt.startedMs === undefined) {
      attempt.initMs = this.#context.nowMs - instance.initStartedMs;
    }
    const report = this.#report(instance, attempt, status);
    this.kill(instance, failure.reason);
    this.#context.emit({ kind: 'report', report });
    this.#context.attemptEnded(attempt.invocation, answer, report);
  }

  /** Fails as a sandbox does that dies; `status` as in `signal: killed`. */
  die(instance: Instance, reason: KillReason, errorType: string, status: string): void {
    const requestId = instance.attempt?.invocation.requestId ?? '-';
    const body = errorBody(errorType, `RequestId: ${requestId} Error: Runtime exited with error: ${status}`);
    this.fail(instance, { reason, status: reason === 'out-of-memory' ? 'out-of-memory' : 'lost', errorType, body });
  }

  timeOut(instance: Instance): void {
    const seconds = (instance.config.timeoutMs / 1000).toFixed(2);
    const requestId = attemptOf(instance).invocation.requestId;
    const body = errorBody(
      'Sandbox.Timedout',
      `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`,
    );
    this.fail(instance, { reason: 'timeout', status: 'timeout', errorType: 'Sandbox.Timedout', body });
  }

  /** Ends an instance that has no attempt any more. */
  kill(instance: Instance, reason: KillReason): void {
    if (instance.timer !== undefined) instance.timer.cancelled = true;
    if (instance.lifeTimer !== undefined) instance.lifeTimer.cancelled = true;
    const state = this.#stateOf(instance);
    state.move(instance, 'gone');
    state.tally.ended += 1;
    this.#instances.delete(instance.id);
    this.#context.emit({ kind: 'kill', instance: instance.id, reason });
  }

  /** Ends it now when it is idle, otherwise after what it does. */
  doom(instance: Instance, reason: 'update' | 'life-time'): void {
    if (instance.state === 'idle') this.kill(instance, reason);
    else instance.doomed = reason;
  }

  #create(state: FunctionState, attempt: Attempt): Instance {
    const { figures, nowMs, agenda } = this.#context;
    const idleMs = this.#spread(figures.idleReclaimMs);
    const lifeMs = this.#spread(figures.lifeTimeMs);
    const instance = new Instance(this.#nextId, state.config, nowMs, idleMs, lifeMs, figures.rateWindowMs);
    this.#nextId += 1;
    instance.attempt = attempt;
    this.#instances.set(instance.id, instance);
    state.add(instance);
    if (Number.isFinite(lifeMs)) instance.lifeTimer = agenda.add(nowMs + lifeMs, { kind: 'life-time', instance });
    return instance;
  }

  #deliver(instance: Instance, deadlineInMs: number): void {
    const { nowMs } = this.#context;
    const { requestId } = attemptOf(instance).invocation;
    instance.invocations += 1;
    this.#schedule(instance, nowMs + deadlineInMs, 'timeout');
    this.#context.emit({ kind: 'deliver', instance: instance.id, requestId, deadlineInMs });
  }

  /** After an invocation: frozen until the next one, or gone when it was doomed. */
  #rest(instance: Instance): void {
    const { nowMs } = this.#context;
    instance.attempt = undefined;
    this.#stateOf(instance).move(instance, 'idle');
    instance.idleSinceMs = nowMs;
    if (instance.doomed !== undefined) return this.kill(instance, instance.doomed);
    if (Number.isFinite(instance.idleReclaimMs)) this.#schedule(instance, nowMs + instance.idleReclaimMs, 'idle');
    else this.#unschedule(instance);
    this.#context.emit({ kind: 'freeze', instance: instance.id });
  }

  #report(instance: Instance, attempt: Attempt, status: AttemptStatus): Report {
    const { nowMs } = this.#context;
    const { config } = instance;
    const report: Report = {
      requestId: attempt.invocation.requestId,
      functionName: config.name,
      instance: instance.id,
      ...billedDurations(nowMs - (attempt.startedMs ?? nowMs), attempt.initMs),
      memoryMb: config.memoryMb,
      maxMemoryMb: Math.min(instance.maxMemoryMb, config.memoryMb),
      status,
    };
    this.#stateOf(instance).bill(report);
    return report;
  }

  #schedule(
    instance: Instance,
    atMs: number,
    kind: 'provisioned' | 'init-timeout' | 'init-over' | 'timeout' | 'idle',
  ): void {
    this.#unschedule(instance);
    instance.timer = this.#context.agenda.add(atMs, { kind, instance });
  }

  #unschedule(instance: Instance): void {
    if (instance.timer !== undefined) instance.timer.cancelled = true;
    instance.timer = undefined;
  }

  #spread(meanMs: number): number {
    if (meanMs === 0) return Number.POSITIVE_INFINITY;
    const { random, figures } = this.#context;
    const resolution = 1 << 20;
    const position = (2 * random.integer(resolution)) / resolution - 1;
    return meanMs * (1 + figures.reclaimSpread * position);
  }

  #stateOf(instance: Instance): FunctionState {
    const state = this.#context.functionState(instance.config.name);
    if (state === undefined) throw new Error(`instance ${instance.id} has no function ${instance.config.name}`);
    return state;
  }
}

function attemptOf(instance: Instance): Attempt {
  if (instance.attempt === undefined)
    throw new Error(`instance ${instance.id} is ${instance.state} without an attempt`);
  return instance.attempt;
}

/** An error as Lambda's own parts give it. */
export function errorBody(errorType: string, errorMessage: string): Uint8Array {
  return Buffer.from(JSON.stringify({ errorType, errorMessage }));
}
