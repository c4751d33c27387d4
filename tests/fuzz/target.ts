/**
 * What every target of the fuzzer is: something that listens, takes one input after the other, and says what is wrong.
 * It owns the words in which faults are told, the watch over what nobody caught, and the patience of all waiting: the
 * only time limit there is, and it says what was awaited.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { FuzzInput, Material } from './input.ts';

export interface FuzzTarget {
  readonly material: Material;
  /** Sends one input; rejects with a {@link Fault}. What it left behind is gone when it resolves. */
  run(input: FuzzInput): Promise<void>;
  /** Rejects when something is still held after everybody has gone. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** A broken promise of what is fuzzed. */
export class Fault extends Error {
  override readonly name = 'Fault';
}

/**
 * How long is waited for what must come: far more than anything takes, so that only what hangs reaches it; less while a
 * fault that is known to hang is made smaller.
 */
export const patience = { ms: 15_000 };

/** Looks until the condition holds; a {@link Fault} that names what was awaited when it never does. */
export async function awaited(what: string | (() => string), condition: () => boolean): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > patience.ms)
      throw new Fault(`waited in vain: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The promise's result, or a {@link Fault} when it never comes. */
export async function settled<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Fault(`waited in vain: ${what}`)), patience.ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Notes what nobody caught anywhere in this process, and what Node warns of: too many listeners, impossible timers.
 * `check` tells and forgets it.
 */
export class UncaughtWatch {
  #first: unknown;
  #seen = false;
  readonly #note = (thrown: unknown) => {
    if (!this.#seen) this.#first = thrown;
    this.#seen = true;
  };

  constructor() {
    process.on('unhandledRejection', this.#note);
    process.on('uncaughtException', this.#note);
    process.on('warning', this.#note);
  }

  check(): void {
    if (!this.#seen) return;
    const thrown = this.#first;
    this.#seen = false;
    this.#first = undefined;
    throw new Fault(`nobody caught ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
  }

  close(): void {
    process.off('unhandledRejection', this.#note);
    process.off('uncaughtException', this.#note);
    process.off('warning', this.#note);
  }
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of this process that are in use, after all garbage is gone. */
export async function usedBytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Sockets, timers and the like that keep this process busy, counted by kind. */
export function activeResources(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
