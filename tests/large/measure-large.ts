/**
 * The measurement behind `npm run bench:large`: a whole SION with its own data folder and default limits, one client, and
 * the proxy's peak memory as the kernel counts it.
 */
import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import type { ProxyStatus } from '@sion/proxy';
import { LocalSion } from '../e2e/local-sion.ts';
import { getLarge, putLarge } from './large-run.ts';

export interface LargeOptions {
  readonly passingBytes: number;
  /** 0 = none. */
  readonly placedBytes: number;
  readonly limitMb: number;
}

/** Prints what it measures, and gives what is wrong. */
export async function measureLarge(options: LargeOptions, print: (line: string) => void): Promise<readonly string[]> {
  const [cpu] = cpus();
  print(`machine: ${cpus().length} × ${cpu?.model ?? 'CPU'}, ${mib(totalmem())} MiB; Node ${process.version}`);
  const sion = await LocalSion.start();
  const problems: string[] = [];
  try {
    print(
      `SION_STORE=directory, SION_DURABILITY=store, the other settings by default; proxy: VmHWM ${await peakMb(sion)} MB`,
    );
    if (options.placedBytes > 0) problems.push(...(await measureOne(sion, 'placed', options.placedBytes, print)));
    problems.push(...(await measureOne(sion, 'passing', options.passingBytes, print)));
    const peak = await peakMb(sion);
    if (peak > options.limitMb) problems.push(`the proxy's VmHWM is ${peak} MB, above ${options.limitMb} MB`);
  } finally {
    await sion.stop();
  }
  return problems;
}

/** Where the object should end up: in memory, or in the store alone. */
type Fate = 'placed' | 'passing';

async function measureOne(
  sion: LocalSion,
  fate: Fate,
  sizeBytes: number,
  print: (line: string) => void,
): Promise<readonly string[]> {
  const target = { url: sion.httpUrl, key: `large/${fate}` };
  const told = async (what: string, seconds: number, more = '') => {
    const rate = (sizeBytes / 2 ** 20 / seconds).toFixed(0);
    print(
      `${what} ${mib(sizeBytes)} MiB: ${seconds.toFixed(1)} s, ${rate} MiB/s; VmHWM ${await peakMb(sion)} MB${more}`,
    );
  };
  await told(`PUT ${fate}`, await putLarge(target, sizeBytes));
  if (fate === 'placed') await sion.inMemory([target.key]);
  // Waiting for memory may have read it: on a busy machine placing is given up now and then.
  const before = (await sion.status()).totals;
  const read = await getLarge(target, sizeBytes);
  await told(`GET ${fate}`, read.seconds, `; every byte compared; ${read.timing}`);
  return misplacedBy(fate, before, (await sion.status()).totals);
}

function misplacedBy(fate: Fate, before: ProxyStatus['totals'], after: ProxyStatus['totals']): readonly string[] {
  const fromStore = after.gets.store - before.gets.store;
  if (fate === 'passing' && fromStore !== 1) return ['the object that goes past memory was not read from the store'];
  return fate === 'placed' && fromStore !== 0 ? ['the object in memory was read from the store'] : [];
}

async function peakMb(sion: LocalSion): Promise<number> {
  const status = await readFile(`/proc/${sion.proxy.pid}/status`, 'latin1');
  const kib = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]);
  return Math.ceil((kib * 1024) / 1e6);
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
