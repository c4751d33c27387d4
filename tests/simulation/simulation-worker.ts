/** A thread that simulates seeds as it is given them, and answers each with its report. */
import { parentPort } from 'node:worker_threads';
import { type SimulationOptions, simulate } from './simulation.ts';

async function answer(options: SimulationOptions): Promise<void> {
  const report = await simulate(options);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- That is for windows; this is a thread.
  parentPort?.postMessage(report);
}

parentPort?.on('message', (options: SimulationOptions) => void answer(options));
