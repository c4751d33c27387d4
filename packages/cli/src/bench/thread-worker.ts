/** A {@link BenchWorker} in a thread of its own. */
import { Worker } from 'node:worker_threads';
import type { BenchWorker } from '@sion/bench';
import { CliError } from '../cli-error.ts';
import type { ThreadAnswer, ThreadCall, ThreadData } from './bench-thread.ts';

export interface ThreadWorker extends BenchWorker {
  /** Ends the thread, whatever it does. */
  end(): Promise<void>;
}

export function startThreadWorker(workerData: ThreadData): ThreadWorker {
  // Sources of the client are run as they are: nothing is built before.
  const thread = new Worker(new URL('./bench-thread.ts', import.meta.url), {
    workerData,
    execArgv: ['--conditions=@sion/source'],
  });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let calls = 0;
  let fault: Error | undefined;
  const fail = (error: Error) => {
    fault = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  thread.on('message', (answer: ThreadAnswer) => {
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('error' in answer) call?.reject(new CliError(1, answer.error));
    else call?.resolve(answer.value);
  });
  thread.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
  thread.on('exit', () => fail(new CliError(1, 'A thread that made load has ended.')));
  const ask = <T>(method: keyof BenchWorker, ...args: readonly unknown[]): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (fault !== undefined) return reject(fault);
      const id = calls++;
      waiting.set(id, { resolve: (value) => resolve(value as T), reject });
      thread.postMessage({ id, method, args } satisfies ThreadCall);
    });
  return {
    open: () => ask('open'),
    fill: (target) => ask('fill', target),
    slice: (target, end) => ask('slice', target, end),
    totals: (target) => ask('totals', target),
    stop: () => ask('stop'),
    finish: () => ask('finish'),
    async end() {
      await thread.terminate();
    },
  };
}
