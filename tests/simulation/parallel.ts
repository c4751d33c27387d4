/**
 * Simulations in several threads at a time. Each is alone in its thread while it runs, so that what comes out of a seed is
 * the same however many there are; reports come in the order of the seeds.
 */
import { Worker } from 'node:worker_threads';
import type { SimulationOptions, SimulationReport } from './simulation.ts';

/** One report for each of `wanted`, in their order, until the caller takes no more. */
export async function* simulateAll(
  wanted: readonly SimulationOptions[],
  jobs: number,
): AsyncGenerator<SimulationReport> {
  const threads = Array.from({ length: Math.min(jobs, wanted.length) }, () => new SimulationThread());
  const reports = wanted.map(() => Promise.withResolvers<SimulationReport>());
  let next = 0;
  const work = async (thread: SimulationThread) => {
    for (;;) {
      const at = next++;
      const options = wanted[at];
      if (options === undefined) return;
      await thread.simulate(options).then(reports[at]?.resolve, reports[at]?.reject);
    }
  };
  for (const thread of threads) void work(thread);
  // One that is not taken any more is nobody's affair.
  for (const { promise } of reports) promise.catch(() => {});
  try {
    for (const { promise } of reports) yield await promise;
  } finally {
    next = wanted.length;
    await Promise.all(threads.map((thread) => thread.end()));
  }
}

class SimulationThread {
  readonly #worker = new Worker(new URL('simulation-worker.ts', import.meta.url));

  simulate(options: SimulationOptions): Promise<SimulationReport> {
    return new Promise((resolve, reject) => {
      this.#worker.once('error', reject);
      this.#worker.once('message', (report: SimulationReport) => {
        this.#worker.off('error', reject);
        resolve(report);
      });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- That is for windows; this is a thread.
      this.#worker.postMessage(options);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
