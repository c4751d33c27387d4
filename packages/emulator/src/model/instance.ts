/**
 * One instance of a function: its record and its lifecycle. The table is the whole of it; `moveTo` asserts it.
 *
 * | state        | meaning                                   | next: event                                              |
 * |--------------|-------------------------------------------|----------------------------------------------------------|
 * | provisioning | the sandbox is being made; not billed     | init: cold start over / spawn                            |
 * | init         | the runtime starts; billed                | busy: ready and the INIT floor passed / deliver          |
 * | busy         | one invocation runs                       | idle: answered, then asked / freeze, respond             |
 * | idle         | frozen, memory kept                       | busy: invoke / thaw, deliver                             |
 * | gone         | killed; its memory is lost                | none                                                     |
 *
 * Any state ends in `gone` by time-out, lack of memory, exit, failed INIT, reclamation, an update or removal.
 */
import type { AgendaEntry } from '@sion/components';
import type { Answer, FunctionConfig } from './events.ts';
import { SlidingWindow } from './limits.ts';

export type InstanceState = 'provisioning' | 'init' | 'busy' | 'idle' | 'gone';

const transitions: Readonly<Record<InstanceState, readonly InstanceState[]>> = {
  provisioning: ['init', 'gone'],
  init: ['busy', 'gone'],
  busy: ['idle', 'gone'],
  idle: ['busy', 'gone'],
  gone: [],
};

/** An invocation from its arrival to its last attempt's end. */
export interface Invocation {
  readonly requestId: string;
  readonly functionName: string;
  readonly mode: 'sync' | 'event';
  readonly arrivedMs: number;
  /** Event: attempts that ended in a function error, and throttles in a row. */
  failures: number;
  throttles: number;
}

/** What an instance works for at the moment. */
export interface Attempt {
  readonly invocation: Invocation;
  /** The handler's answer, once given. */
  answer?: Answer;
  /** When the invocation's time began to run. */
  startedMs?: number;
  /** Billed INIT of this attempt, that of a failed first try included. */
  initMs?: number;
  /** INIT failed before in this attempt; it is tried once more only. */
  initFailed: boolean;
}

/** An instance's record; only the model changes it. */
export class Instance {
  readonly id: number;
  /** The function as it was when the instance was made. */
  readonly config: FunctionConfig;
  readonly bornMs: number;
  /** Ages at which it is reclaimed, drawn once. */
  readonly idleReclaimMs: number;
  readonly lifeTimeMs: number;
  readonly served: SlidingWindow;
  state: InstanceState = 'provisioning';
  attempt: Attempt | undefined;
  /** The next thing that happens to it by time alone. */
  timer: AgendaEntry<AgendaItem> | undefined;
  lifeTimer: AgendaEntry<AgendaItem> | undefined;
  initStartedMs: number | undefined;
  idleSinceMs: number | undefined;
  invocations = 0;
  maxMemoryMb = 0;
  /** Its code is out of date, or its life is over: it ends after what it does now. */
  doomed: 'update' | 'life-time' | undefined;

  constructor(
    id: number,
    config: FunctionConfig,
    bornMs: number,
    idleReclaimMs: number,
    lifeTimeMs: number,
    rateWindowMs: number,
  ) {
    this.id = id;
    this.config = config;
    this.bornMs = bornMs;
    this.idleReclaimMs = idleReclaimMs;
    this.lifeTimeMs = lifeTimeMs;
    this.served = new SlidingWindow(rateWindowMs);
  }

  moveTo(state: InstanceState): void {
    if (!transitions[this.state].includes(state)) {
      throw new Error(`instance ${this.id} cannot go from ${this.state} to ${state}`);
    }
    this.state = state;
  }
}

/** What the model has put down for later. */
export type AgendaItem =
  | {
      readonly kind: 'provisioned' | 'init-timeout' | 'init-over' | 'timeout' | 'idle' | 'life-time';
      readonly instance: Instance;
    }
  | { readonly kind: 'attempt'; readonly invocation: Invocation };
