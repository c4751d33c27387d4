/** Contenders measured in turns: each round has one measurement of each, and ratios are taken within a round. */
import { quantile } from '../recovery-bench/report.ts';

/** Measures itself once, in seconds; undefined when it is not there. */
export interface Contender {
  readonly name: string;
  readonly measure: () => number | Promise<number>;
}

/** Medians over the rounds. */
export interface Standing {
  readonly name: string;
  readonly gbPerSecond: number;
  /** Of the speed over that of each other contender in the same round, by name. */
  readonly ratios: ReadonlyMap<string, number>;
}

/** The processor's seconds that a synchronous call takes: what others do on the machine meanwhile does not count. */
export function secondsOf(call: () => void): number {
  const begun = process.threadCpuUsage();
  call();
  const { user, system } = process.threadCpuUsage(begun);
  return (user + system) / 1e6;
}

/** The time that a synchronous call takes, for what is too short for the processor's account. */
export function wallSecondsOf(call: () => void): number {
  const begun = performance.now();
  call();
  return (performance.now() - begun) / 1000;
}

/** One round to warm up, then `rounds` that count. */
export async function runRounds(
  contenders: readonly Contender[],
  rounds: number,
  bytes: number,
): Promise<readonly Standing[]> {
  const seconds = contenders.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [at, contender] of contenders.entries()) {
      const taken = await contender.measure();
      if (round >= 0) seconds[at]?.push(taken);
    }
  }
  return contenders.map(({ name }, at) => {
    const own = seconds[at] ?? [];
    const ratios = contenders.map(({ name }, other): [string, number] => {
      const each = own.map((taken, round) => (seconds[other]?.[round] ?? Number.NaN) / taken);
      return [name, quantile(each, 0.5)];
    });
    return { name, gbPerSecond: bytes / quantile(own, 0.5) / 1e9, ratios: new Map(ratios) };
  });
}
