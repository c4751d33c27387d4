/**
 * Lambda in a simulated world: the emulator's own model under virtual time, whose instances are processes of that world
 * and run a handler there. It carries the model's effects out, as the process driver does for real processes.
 */
import {
  type Functions,
  type InvocationOutcome,
  type Random,
  VirtualProcess,
  type VirtualTime,
} from '@sion/components';
import type { Effect, FunctionConfig, KillReason, ModelEvent, ReclaimSelection, Reply } from '../model/events.ts';
import type { Figures } from '../model/figures.ts';
import { LambdaModel } from '../model/model.ts';
import { NetworkBucket } from '../model/network-bucket.ts';

/** What runs in an instance: one call for each invocation, `remainingMs` before its deadline. */
export type VirtualHandler = (payload: Uint8Array, remainingMs: number) => Promise<Uint8Array>;

/** What becomes of an invocation. */
export type InvocationFate =
  | 'answered'
  /** The answer never comes, and the caller gives up. */
  | 'lost'
  /** The service gets the request twice. */
  | 'twice'
  /** An error of the service; nothing has happened. */
  | 'unavailable'
  /** Refused for the account's sake; nothing has happened. */
  | 'throttled'
  /** The request arrives long after it was sent. */
  | 'late'
  /** The answer arrives long after the end. */
  | 'answered-late';

/** What an instance is at, as the service sees it. */
export type InstanceActivity = 'starting' | 'busy' | 'idle';

/** What the way to the service does, drawn anew each time. */
export interface LambdaWeather {
  /** One way. */
  transitMs(): number;
  fate(functionName: string): InvocationFate;
  /** How late what is late comes. */
  lateMs(): number;
  /** When a caller gives up. */
  timeoutMs(): number;
}

export interface VirtualLambdaParts {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly figures: Figures;
  readonly weather: LambdaWeather;
  /** What wall clocks of new instances show when the world begins. */
  readonly wallMs: number;
  /** Starts the code of a new instance in its process. */
  start(process: VirtualProcess, functionName: string): VirtualHandler;
  /** An instance is about to be killed. */
  onKill?(process: VirtualProcess, activity: InstanceActivity, reason: KillReason): void;
}

interface Sandbox {
  readonly process: VirtualProcess;
  readonly functionName: string;
  readonly handler: VirtualHandler;
  activity: InstanceActivity;
}

export class VirtualLambda {
  readonly model: LambdaModel;
  readonly #parts: VirtualLambdaParts;
  readonly #sandboxes = new Map<number, Sandbox>();
  readonly #payloads = new Map<string, Uint8Array>();
  readonly #callers = new Map<string, (reply: Reply) => void>();
  #requests = 0;
  #wakes = 0;

  constructor(parts: VirtualLambdaParts) {
    this.#parts = parts;
    this.model = new LambdaModel(parts.figures, parts.random);
  }

  /** Deploys a function, or a new revision of it. */
  deploy(config: FunctionConfig): void {
    this.#feed({ kind: 'put-function', config });
  }

  /** Takes instances away. */
  reclaim(selection: ReclaimSelection, idleOnly = false): void {
    this.#feed({ kind: 'reclaim', selection, idleOnly });
  }

  /** A function that nobody has used for long becomes Inactive, and its instances go. */
  deactivate(functionName: string): void {
    this.#feed({ kind: 'deactivate', name: functionName });
  }

  /** Instances that live, by the order of their births. */
  get instances(): readonly {
    readonly instance: number;
    readonly functionName: string;
    readonly process: VirtualProcess;
    readonly activity: InstanceActivity;
  }[] {
    return [...this.#sandboxes].map(([instance, sandbox]) => ({ instance, ...sandbox }));
  }

  /** The service as one process reaches it. */
  of(process: VirtualProcess): Functions {
    return {
      invoke: (functionName, payload, options) => this.#invoke(process, functionName, payload, options?.signal),
      close: () => process.answer(Promise.resolve()),
    };
  }

  #invoke(
    process: VirtualProcess,
    functionName: string,
    payload: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<InvocationOutcome> {
    const { weather, time } = this.#parts;
    const fate = weather.fate(functionName);
    const sent = new Uint8Array(payload);
    return new Promise((resolve) => {
      const giveUp = (message: string) => resolve({ kind: 'unavailable', message });
      if (signal?.aborted === true) return giveUp('given up');
      signal?.addEventListener('abort', () => giveUp('given up'), { once: true });
      time.after(weather.transitMs() + (fate === 'late' ? weather.lateMs() : 0), () => {
        if (fate === 'unavailable') {
          return process.soon(weather.transitMs(), () => giveUp('ServiceException: try again'));
        }
        if (fate === 'throttled') return process.soon(weather.transitMs(), () => resolve(throttled));
        if (fate === 'lost') process.soon(weather.timeoutMs(), () => giveUp('no answer in time'));
        if (fate === 'twice') this.#request(functionName, sent, () => {});
        this.#request(functionName, sent, (reply) => {
          if (fate === 'lost') return;
          const lateMs = fate === 'answered-late' ? weather.lateMs() : 0;
          process.soon(weather.transitMs() + lateMs, () => resolve(outcomeOf(reply)));
        });
      });
    });
  }

  #request(functionName: string, payload: Uint8Array, answer: (reply: Reply) => void): void {
    this.#requests++;
    const requestId = `request-${this.#requests}`;
    this.#payloads.set(requestId, payload);
    this.#callers.set(requestId, answer);
    this.#feed({ kind: 'invoke', requestId, functionName, mode: 'sync' });
  }

  #feed(event: ModelEvent): void {
    for (const effect of this.model.step(this.#parts.time.nowMs, event)) this.#carryOut(effect);
  }

  /** After what is being carried out now: the model takes one event at a time. */
  #feedNext(event: ModelEvent): void {
    this.#parts.time.after(0, () => this.#feed(event));
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'spawn':
        return this.#spawn(effect.instance, effect.functionName);
      case 'deliver':
        return this.#deliver(effect);
      case 'freeze':
        return this.#note(effect.instance, 'idle')?.process.pause();
      case 'thaw':
        return this.#note(effect.instance, 'busy')?.process.resume();
      case 'kill':
        return this.#kill(effect.instance, effect.reason);
      case 'respond': {
        const answer = this.#callers.get(effect.requestId);
        this.#callers.delete(effect.requestId);
        this.#payloads.delete(effect.requestId);
        return answer?.(effect.reply);
      }
      case 'wake-at':
        return this.#wakeAt(effect.atMs);
      case 'report':
      case 'settled':
        return undefined;
    }
  }

  #note(instance: number, activity: InstanceActivity): Sandbox | undefined {
    const sandbox = this.#sandboxes.get(instance);
    if (sandbox !== undefined) sandbox.activity = activity;
    return sandbox;
  }

  #kill(instance: number, reason: KillReason): void {
    const sandbox = this.#sandboxes.get(instance);
    if (sandbox === undefined) return;
    this.#parts.onKill?.(sandbox.process, sandbox.activity, reason);
    sandbox.process.kill();
    this.#sandboxes.delete(instance);
  }

  #spawn(instance: number, functionName: string): void {
    const { time, wallMs, figures } = this.#parts;
    const process = new VirtualProcess(time, `${functionName}/${instance}`, wallMs);
    if (figures.networkBytesPerSecond > 0) process.bandwidth = new NetworkBucket(figures);
    const handler = this.#parts.start(process, functionName);
    this.#sandboxes.set(instance, { process, functionName, handler, activity: 'starting' });
    this.#feedNext({ kind: 'ready', instance });
  }

  #deliver({ instance, requestId, deadlineInMs }: Extract<Effect, { kind: 'deliver' }>): void {
    const sandbox = this.#note(instance, 'busy');
    const payload = this.#payloads.get(requestId);
    if (sandbox === undefined || payload === undefined) return;
    const ended = (answer: Extract<ModelEvent, { kind: 'answered' }>['answer']) => {
      this.#feed({ kind: 'answered', instance, requestId, answer });
      this.#feed({ kind: 'asked', instance });
    };
    sandbox.process.soon(0, () => {
      sandbox.process.answer(sandbox.handler(payload, deadlineInMs)).then(
        (body) => ended({ kind: 'returned', body }),
        (thrown: unknown) => ended({ kind: 'error', errorType: 'Error', body: Buffer.from(String(thrown)) }),
      );
    });
  }

  #wakeAt(atMs: number): void {
    const { time } = this.#parts;
    const wake = ++this.#wakes;
    time.after(atMs - time.nowMs, () => {
      if (wake === this.#wakes) this.#feed({ kind: 'wake' });
    });
  }
}

const throttled: InvocationOutcome = {
  kind: 'throttled',
  reason: 'ConcurrentInvocationLimitExceeded',
  retryAfterMs: 500,
};

function outcomeOf(reply: Reply): InvocationOutcome {
  switch (reply.kind) {
    case 'returned':
      return { kind: 'returned', payload: reply.body, report: reply.report };
    case 'function-error': {
      const { errorType, body, report } = reply;
      return { kind: 'function-error', errorType, message: Buffer.from(body).toString(), report };
    }
    case 'throttled':
      return { kind: 'throttled', reason: reply.reason, retryAfterMs: reply.retryAfterMs };
    case 'not-found':
      return { kind: 'refused', errorType: 'ResourceNotFoundException', message: 'there is no such function' };
    case 'not-ready':
      return { kind: 'unavailable', message: `ResourceConflictException: the function is ${reply.state}` };
    case 'accepted':
      return { kind: 'returned', payload: new Uint8Array() };
  }
}
