/**
 * Keeps one part running: starts it, waits until it serves, starts it again when it dies, gives up when that is of no
 * use, and stops it in the end. What a death means for people is told through the hooks; this file owns only the order of
 * things.
 *
 *     start ──► serving ──► (died) ──► waiting ──► start …
 *       │                      └──► given up
 *       └──► failed (the first start is not tried twice)
 */
import { type Clock, delay } from '@sion/components';
import type { PartEnd, PartProcess, ReadyFields } from './part-process.ts';
import { decideRestart, type RestartDecision, type RestartSettings, restartDefaults } from './restart-policy.ts';

interface PartHooks {
  /** It serves; resolves when what belongs to its start (the functions, for the emulator) is done. May reject. */
  onReady(fields: ReadyFields, restarted: boolean): Promise<void>;
  /** It died while it should run. */
  onDied(end: PartEnd, decision: RestartDecision): void;
}

export interface SupervisedPartOptions {
  readonly clock: Clock;
  readonly start: () => PartProcess;
  readonly hooks: PartHooks;
  /** A start that takes longer is ended and counts as a failure. */
  readonly startTimeoutMs: number;
  /** A stop that takes longer is ended hard. */
  readonly stopTimeoutMs: number;
  readonly restart?: RestartSettings;
}

/** How the first start went. */
export type FirstStart = { readonly kind: 'serving' } | { readonly kind: 'failed'; readonly end: PartEnd };

export class SupervisedPart {
  readonly #options: SupervisedPartOptions;
  readonly #stopping = new AbortController();
  #current: PartProcess | undefined;
  #loop: Promise<void> = Promise.resolve();
  #givenUp: (end: PartEnd) => void = () => {};

  /** Resolves when it was given up; never, when it is stopped. */
  readonly givenUp: Promise<PartEnd>;

  constructor(options: SupervisedPartOptions) {
    this.#options = options;
    this.givenUp = new Promise((resolve) => {
      this.#givenUp = resolve;
    });
  }

  get pid(): number | undefined {
    return this.#current?.pid;
  }

  /** Starts it and keeps it running from then on. Rejects when `onReady` does. */
  async start(): Promise<FirstStart> {
    if (this.#stopping.signal.aborted) {
      return { kind: 'failed', end: { code: null, signal: null, error: new Error('it was stopped before') } };
    }
    const startedMs = this.#options.clock.monotonicMs();
    const part = this.#spawn();
    const outcome = await this.#untilReady(part, false);
    if (outcome === 'ended') return { kind: 'failed', end: await part.ended };
    this.#loop = this.#keep(part, startedMs);
    return { kind: 'serving' };
  }

  /** Stops it orderly, hard when that takes too long. Safe at any time, any number of times. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const part = this.#current;
    if (part !== undefined) {
      const timer = this.#options.clock.after(this.#options.stopTimeoutMs, () => part.kill());
      part.stop();
      await part.ended;
      timer.cancel();
      part.kill();
    }
    await this.#loop;
  }

  /** Ends it at once. */
  kill(): void {
    this.#stopping.abort();
    this.#current?.kill();
  }

  #spawn(): PartProcess {
    this.#current = this.#options.start();
    return this.#current;
  }

  async #untilReady(part: PartProcess, restarted: boolean): Promise<'serving' | 'ended'> {
    const timer = this.#options.clock.after(this.#options.startTimeoutMs, () => part.kill());
    const start = await part.started;
    timer.cancel();
    if (start.kind === 'ended') return 'ended';
    await this.#options.hooks.onReady(start.fields, restarted);
    return 'serving';
  }

  async #keep(first: PartProcess, firstStartedMs: number): Promise<void> {
    const { clock, hooks } = this.#options;
    const settings = this.#options.restart ?? restartDefaults;
    let [part, startedMs, served, quickFailures] = [first, firstStartedMs, true, 0];
    for (;;) {
      const end = await part.ended;
      // What the dead leader left in its group must not outlive it.
      part.kill();
      if (this.#stopping.signal.aborted) return;
      const livedMs = clock.monotonicMs() - startedMs;
      const decision = decideRestart({ end, livedMs, served }, quickFailures, settings);
      hooks.onDied(end, decision);
      if (decision.kind === 'give-up') return this.#givenUp(end);
      quickFailures = decision.quickFailures;
      const waited = await delay(clock, decision.delayMs, this.#stopping.signal).then(
        () => true,
        () => false,
      );
      if (!waited) return;
      startedMs = clock.monotonicMs();
      part = this.#spawn();
      served = await this.#untilReady(part, true).then(
        (outcome) => outcome === 'serving',
        () => false,
      );
      if (!served) part.kill();
    }
  }
}
