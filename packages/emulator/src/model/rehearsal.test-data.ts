/**
 * Drives the model under virtual time with instances that are nothing but a record: for the model's own tests. It holds
 * every effect against what a driver may rely on, and throws at the first breach.
 */
import type { Effect, FunctionConfig, InvocationMode, ModelEvent, Reply } from './events.ts';
import { awsFigures, type Figures } from './figures.ts';
import { LambdaModel } from './model.ts';
import { seededRandom } from './reclaim.ts';
import type { Report } from './report.ts';

interface Actor {
  readonly functionName: string;
  frozen: boolean;
  ready: boolean;
  requestId: string | undefined;
}

export class Rehearsal {
  readonly model: LambdaModel;
  readonly effects: Effect[] = [];
  readonly replies = new Map<string, Reply>();
  readonly reports: Report[] = [];
  /** Spawned and not yet killed. */
  readonly actors = new Map<number, Actor>();
  readonly settled = new Map<string, string>();
  nowMs = 0;
  #wakeAtMs: number | undefined;
  #requests = 0;

  constructor(figures: Partial<Figures> = {}, seed = 1) {
    this.model = new LambdaModel({ ...awsFigures, ...figures }, seededRandom(seed));
  }

  /** Puts a function: 128 MB, 3 s, unless said otherwise. */
  put(name: string, config: Partial<FunctionConfig> = {}): void {
    this.feed({ kind: 'put-function', config: { name, revision: 'r1', memoryMb: 128, timeoutMs: 3000, ...config } });
  }

  /** Invokes and gives the request's id. */
  invoke(functionName: string, mode: InvocationMode = 'sync'): string {
    this.#requests += 1;
    const requestId = `request-${this.#requests}`;
    this.feed({ kind: 'invoke', requestId, functionName, mode });
    return requestId;
  }

  /** The instance that holds the request; throws when none does. */
  holder(requestId: string): number {
    for (const [instance, actor] of this.actors) if (actor.requestId === requestId) return instance;
    throw new Error(`no instance holds ${requestId}`);
  }

  /** The youngest instance that was spawned and lives. */
  youngest(): number {
    return Math.max(...this.actors.keys());
  }

  /** The instance's runtime is up. */
  ready(instance: number): void {
    const actor = this.actors.get(instance);
    if (actor === undefined || actor.ready) return;
    actor.ready = true;
    this.feed({ kind: 'ready', instance });
  }

  /** The handler returns, or throws, and asks for more. */
  answer(instance: number, succeeds = true): void {
    const requestId = this.actors.get(instance)?.requestId;
    if (requestId === undefined) return;
    const body = new Uint8Array();
    const answer = succeeds
      ? ({ kind: 'returned', body } as const)
      : ({ kind: 'error', errorType: 'Boom', body } as const);
    this.feed({ kind: 'answered', instance, requestId, answer });
    const actor = this.actors.get(instance);
    if (actor !== undefined) actor.requestId = undefined;
    this.feed({ kind: 'asked', instance });
  }

  /** Invokes, lets INIT and the handler run in no time, and gives the reply. */
  call(functionName: string): Reply {
    const requestId = this.invoke(functionName);
    for (const [instance, actor] of this.actors) {
      if (actor.ready) continue;
      this.ready(instance);
      this.advance(this.model.figures.initFloorMs);
    }
    for (const [instance, actor] of this.actors) if (actor.requestId === requestId) this.answer(instance);
    return this.reply(requestId);
  }

  reply(requestId: string): Reply {
    const reply = this.replies.get(requestId);
    if (reply === undefined) throw new Error(`${requestId} was not answered`);
    return reply;
  }

  /** Lets time pass, with each `wake` that the model asks for. */
  advance(byMs: number): void {
    const endMs = this.nowMs + byMs;
    while (this.#wakeAtMs !== undefined && this.#wakeAtMs <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.#wakeAtMs);
      this.#wakeAtMs = undefined;
      this.feed({ kind: 'wake' });
    }
    this.nowMs = endMs;
  }

  feed(event: ModelEvent): void {
    for (const effect of this.model.step(this.nowMs, event)) {
      this.effects.push(effect);
      this.#carryOut(effect);
    }
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'spawn':
        assert(!this.actors.has(effect.instance), effect, 'spawned twice');
        this.actors.set(effect.instance, {
          functionName: effect.functionName,
          frozen: false,
          ready: false,
          requestId: undefined,
        });
        return;
      case 'deliver': {
        const actor = this.#actor(effect);
        assert(actor.ready && !actor.frozen, effect, 'the runtime does not wait for it');
        assert(actor.requestId === undefined, effect, 'two invocations on one instance');
        actor.requestId = effect.requestId;
        return;
      }
      case 'freeze':
      case 'thaw': {
        const actor = this.#actor(effect);
        assert(actor.frozen !== (effect.kind === 'freeze'), effect, 'frozen or thawed twice');
        assert(actor.requestId === undefined, effect, 'within an invocation');
        actor.frozen = effect.kind === 'freeze';
        return;
      }
      case 'kill':
        this.actors.delete(effect.instance);
        return;
      case 'respond':
        assert(!this.replies.has(effect.requestId), effect, 'answered twice');
        this.replies.set(effect.requestId, effect.reply);
        return;
      case 'report':
        this.reports.push(effect.report);
        return;
      case 'settled':
        assert(!this.settled.has(effect.requestId), effect, 'settled twice');
        this.settled.set(effect.requestId, effect.outcome);
        return;
      case 'wake-at':
        assert(effect.atMs >= this.nowMs, effect, 'in the past');
        this.#wakeAtMs = effect.atMs;
        return;
    }
  }

  #actor(effect: { readonly instance: number; readonly kind: string }): Actor {
    const actor = this.actors.get(effect.instance);
    if (actor === undefined) throw new Error(`${JSON.stringify(effect)}: there is no such instance`);
    return actor;
  }
}

function assert(holds: boolean, effect: Effect, breach: string): void {
  if (!holds) throw new Error(`${JSON.stringify(effect)}: ${breach}`);
}
