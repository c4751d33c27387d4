/**
 * What all views of one client have in common: its connections, its settings, its retry budget, and the running of a call
 * from its options to its settled promise. It knows nothing of keys and values.
 */
import { type CallBounds, CallLimits } from './call-limits.ts';
import type { CallOptions, ResendOptions, WriteOptions } from './call-options.ts';
import { asSionError, SionError } from './errors.ts';
import { HttpChannel } from './http-channel.ts';
import type { ClientSettings, Durability } from './options.ts';
import { type Argument, type Reply, RespChannel } from './resp-channel.ts';
import { RetryBudget, withRetries } from './retry.ts';
import { SizeMemory } from './size-memory.ts';
import type { System } from './system.ts';

/** How a call is run. */
export type RunOptions = CallOptions &
  ResendOptions & {
    /** False: what was sent cannot be sent again, whatever the failure. */
    readonly canRepeat?: () => boolean;
  };

export class Connection {
  readonly settings: ClientSettings;
  readonly system: System;
  readonly http: HttpChannel;
  readonly sizes: SizeMemory;
  readonly #budget = new RetryBudget();
  readonly #resp = new Map<Durability | undefined, RespChannel>();
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  constructor(settings: ClientSettings, system: System) {
    this.settings = settings;
    this.system = system;
    this.http = new HttpChannel(settings);
    this.sizes = new SizeMemory(settings.largeBytes);
  }

  /** Runs a call to its end: limits, attempts, and nothing after the client was closed. */
  run<T>(options: RunOptions, attempt: (limits: CallLimits) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closedError());
    const limits = this.limits(options);
    const { retries, minRetryMs: minDelayMs, maxRetryMs: maxDelayMs } = this.settings;
    const settings = { retries, minDelayMs, maxDelayMs, resend: options.resend === true };
    const repeat = { ...settings, canRepeat: options.canRepeat ?? (() => true) };
    const running = withRetries(limits, repeat, this.#budget, () => attempt(limits)).finally(() => {
      limits.close();
      this.#running.delete(running);
    });
    this.#running.add(running);
    return running;
  }

  /** The bounds of one call. To be closed by whoever asks for them. */
  limits({ timeoutMs = this.settings.timeoutMs, signal }: CallOptions): CallLimits {
    if (!(timeoutMs >= 0 && timeoutMs < 2 ** 31)) {
      throw new SionError('invalid', `timeoutMs: ${timeoutMs} is not from 0 to ${2 ** 31 - 1}.`);
    }
    const bounds: CallBounds = { timeoutMs, signal };
    return new CallLimits(this.system, bounds);
  }

  /** A command that changes nothing. */
  read(options: CallOptions, command: string, ...args: readonly Argument[]): Promise<Reply> {
    return this.run(options, (limits) => this.channel(undefined).send(limits, false, command, args));
  }

  /** A command that may change something. */
  write(options: WriteOptions & ResendOptions, command: string, ...args: readonly Argument[]): Promise<Reply> {
    return this.run(options, (limits) => this.channel(options.durability).send(limits, true, command, args));
  }

  /** The connection whose writes are acknowledged so. */
  channel(durability: Durability | undefined = this.settings.durability): RespChannel {
    const open = this.#resp.get(durability) ?? new RespChannel(this.settings, durability);
    this.#resp.set(durability, open);
    return open;
  }

  /** Waits, may retry, or throws the failure: between the parts of a stream that breaks again and again. */
  async between(limits: CallLimits, failed: number, failure: SionError): Promise<void> {
    const { retries, minRetryMs, maxRetryMs } = this.settings;
    if (failed > retries || limits.ended !== undefined || !this.#budget.take()) throw failure;
    await limits.delay(Math.min(maxRetryMs, minRetryMs * 2 ** (failed - 1)));
  }

  /** Takes no more calls, lets those under way end, then closes every connection. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#running);
    for (const channel of this.#resp.values()) channel.close();
    this.http.close();
  }

  get isClosed(): boolean {
    return this.#closed;
  }
}

/** A call on a client that was closed. */
export function closedError(): SionError {
  return new SionError('closed', 'The client was closed; make a new one.', { retryable: false });
}

/** Settles like the calls, and tells all that failed under their keys. */
export async function settleKeys<T>(names: readonly string[], calls: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(calls);
  const failures = new Map<string, SionError>();
  const results: T[] = [];
  settled.forEach((outcome, at) => {
    if (outcome.status === 'fulfilled') results.push(outcome.value);
    else failures.set(names[at] ?? '', asSionError(outcome.reason));
  });
  const [first] = failures.values();
  if (first === undefined) return results;
  const unknown = [...failures.values()].some(({ effect }) => effect === 'unknown');
  const worst = [...failures.values()].find(({ effect }) => effect === 'unknown') ?? first;
  throw new SionError(worst.code, `${failures.size} of ${calls.length} keys failed: ${worst.message}`, {
    ...{ cause: worst, failures, serverCode: worst.serverCode, status: worst.status, requestId: worst.requestId },
    effect: unknown ? 'unknown' : 'none',
    retryable: worst.retryable,
  });
}
