/**
 * The invocation of one node: at most one under way, whatever became of its session. Who needs to know that it has
 * ended waits here. It decides nothing about when to invoke.
 */
import type { InvocationPayload } from '@sion/wire';
import type { InvocationCause } from './fleet.ts';
import type { Invocation, InvocationEnd, Invoker } from './invoker.ts';

/** What a node puts into its invocations. */
export interface NodeInvocationParts {
  readonly invoker: Invoker;
  readonly functionName: string;
  readonly epoch: number;
  /** Where instances reach the proxy. */
  readonly address: { readonly host: string; readonly port: number };
  /** The invocation is over; called before those who wait for it. */
  readonly onEnded: (end: InvocationEnd, kind: InvocationPayload['kind']) => void;
}

/** One node's invocation. */
export class NodeInvocation {
  readonly #parts: NodeInvocationParts;
  readonly #waiters: (() => void)[] = [];
  #underWay: Invocation | undefined;
  #count = 0;

  constructor(parts: NodeInvocationParts) {
    this.#parts = parts;
  }

  get isUnderWay(): boolean {
    return this.#underWay !== undefined;
  }

  /** Invocations that ran. */
  get count(): number {
    return this.#count;
  }

  /** Invokes; the last one must have ended. */
  start(kind: InvocationPayload['kind'], session: number, token: string, cause: InvocationCause): void {
    const { invoker, functionName, epoch, address } = this.#parts;
    if (this.#underWay !== undefined) throw new Error(`${functionName}: a second invocation at a time`);
    const payload: InvocationPayload = {
      ...{ v: 1, kind, node: functionName, host: address.host, port: address.port },
      ...{ epoch, session, token },
    };
    const invocation = invoker.invoke(payload, cause, () => this.#count++);
    this.#underWay = invocation;
    void invocation.ended.then((end) => {
      this.#underWay = undefined;
      this.#parts.onEnded(end, kind);
      for (const resolve of this.#waiters.splice(0)) resolve();
    });
  }

  /** The instance has shown itself. */
  confirm(): void {
    this.#underWay?.confirm();
  }

  /** Gives up waiting for the return. */
  abandon(): void {
    this.#underWay?.abandon();
  }

  /** Resolves when the invocation that is under way has ended; at once when there is none. */
  ended(): Promise<void> {
    if (this.#underWay === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }
}
