/** The parts of `npm run bench:recovery`: what each of them sets up, measures and says. */
import { awsFigures } from '@sion/emulator';
import { LiveFleet, liveBurstBytes } from './live-fleet.ts';
import { measureLive } from './live-recovery.ts';
import { type LostReads, measureLostReads } from './lost-reads.ts';
import type { Report } from './report.ts';
import { virtualWorldFacts } from './virtual-fleet.ts';
import { holdingNodes, type RecoveryResult, VirtualRecovery } from './virtual-recovery.ts';

export interface Options {
  readonly heldMb: number;
  readonly mbPerSecond: number;
  readonly perNode: number;
  readonly failures: number;
  readonly samples: number;
}

const mb = 1_000_000;
const mib = 1024 * 1024;
const chunkBytes = mb;
const objectBytes = 10 * chunkBytes;
/** 12 hold the objects' chunks; the others, and each that has lost its own, recover. */
const liveNodes = 32;

/** Goal: a speed-up of at least 0.8·R. */
export async function benchLive({ heldMb, mbPerSecond, perNode }: Options, report: Report): Promise<void> {
  const bytesPerSecond = mbPerSecond * mb;
  report.say('');
  report.say(
    `local fleet: ${liveNodes} instances of ${mbPerSecond} MB/s each (burst ${liveBurstBytes / 1024} KiB), store traffic ` +
      `included; objects of 10 MB in 10+2 chunks of 1 MB, each of ${holdingNodes} nodes holds ${heldMb} MB and one of them ` +
      `loses it; SION_RECOVERY_PER_NODE ${perNode}; directory store; warm nodes, but for the lost instance`,
  );
  const fleet = await startFleet(heldMb, bytesPerSecond);
  try {
    await fleet.fill();
    const results: RecoveryResult[] = [];
    for (const [victim, spread] of [1, 2, 4, 8, 16, 20].entries()) {
      const result = await measureLive(fleet, victim, { spread, perNode }, chunkBytes);
      report.say(`R = ${spread}: ${result.seconds.toFixed(2)} s`);
      results.push(result);
    }
    report.recoveries('local fleet', results, bytesPerSecond);
    const problems = await fleet.verify();
    for (const problem of problems) report.miss(`local fleet: ${problem}`);
    report.say(
      `all ${fleet.keys.length} objects read back with the store away, every byte compared: ${problems.length} problems`,
    );
  } finally {
    await fleet.stop();
  }
}

/** Goal: the same up to R = 80; the paper's figures beside it. */
export async function benchVirtual({ perNode }: Options, report: Report): Promise<void> {
  const heldBytes = 3008 * mb;
  const sustained = { networkBytesPerSecond: 75 * mb, networkBurstBytes: 0, networkPeakBytesPerSecond: 0 };
  const { networkBytesPerSecond, networkBurstBytes, networkPeakBytesPerSecond } = awsFigures;
  const burst = { networkBytesPerSecond, networkBurstBytes, networkPeakBytesPerSecond };
  for (const [name, network] of [
    ['75 MB/s per instance, no burst', sustained],
    ['75 MiB/s per instance after a burst of 300 MiB at 1 GiB/s, as reported of Lambda', burst],
  ] as const) {
    report.say('');
    report.say(
      `virtual time: 3008 MB held, 10+2 chunks of 1 MB, ${name}; SION_RECOVERY_PER_NODE ${perNode}; ${virtualWorldFacts}`,
    );
    const world = await VirtualRecovery.prepare({ chunkBytes, heldBytes, network, mostSpread: 80 });
    const results: RecoveryResult[] = [];
    for (const spread of [1, 2, 4, 8, 16, 20, 40, 80]) results.push(await world.measure({ spread, perNode }));
    // With burst one node has less of it to itself than many have: no speed-up to hold it to.
    if (network === sustained) report.recoveries('virtual time', results, sustained.networkBytesPerSecond);
    else burstTable(results, report);
    for (const problem of await world.verify()) report.miss(`virtual time: ${problem}`);
  }
  report.say(
    'the paper, on Lambda with burst: 3008 MB in 1.18 s with 20 (0.27 s of it for the log, which SION has none of), 39.9 % ' +
      'less with 80; 2.25 GB/s, then 3.51 GB/s. Floor of 75 MB/s for 3008 MB and R = 20: 2.0 s',
  );
}

function burstTable(results: readonly RecoveryResult[], report: Report): void {
  const rows = results.map(({ spread, seconds, dataBytes }) => [
    ...[String(spread), seconds.toFixed(2), (dataBytes / seconds / 1e9).toFixed(2)],
  ]);
  report.table([['R', 'seconds', 'GB/s'], ...rows]);
}

const [readSpread, readers, readHeldMb] = [4, 2, 100];

function readsFacts({ perNode, mbPerSecond }: Options): string {
  return (
    `reads of lost objects: 10 MB in 10+2 chunks, ${readHeldMb} MB on a node; R = ${readSpread}, so that there is time to ` +
    `read, ${perNode} chunks each; ${mbPerSecond} MB/s per instance; ${readers} readers, every byte compared; no hot tier`
  );
}

/** Goal: no error, and a p99 of at most 1.5 times that without a failure. */
export async function benchReads(options: Options, report: Report): Promise<void> {
  const { mbPerSecond, perNode, failures, samples } = options;
  report.say('');
  report.say(`${readsFacts(options)}; local fleet of ${liveNodes} instances, over HTTP`);
  const fleet = await startFleet(readHeldMb, mbPerSecond * mb);
  try {
    await fleet.fill();
    await fleet.restart({ spread: readSpread, perNode });
    await fleet.limit(true);
    tellReads(await measureLostReads(fleet, { failures, samples, readers }), report);
  } finally {
    await fleet.stop();
  }
}

/** The same in virtual time, where no other work of the machine is in it. */
export async function benchVirtualReads(options: Options, report: Report): Promise<void> {
  const { mbPerSecond, perNode, failures, samples } = options;
  report.say('');
  report.say(`${readsFacts(options)}; virtual time, no burst; ${virtualWorldFacts}`);
  const network = { networkBytesPerSecond: mbPerSecond * mb, networkBurstBytes: 0, networkPeakBytesPerSecond: 0 };
  const scene = { chunkBytes, heldBytes: readHeldMb * mb, network, mostSpread: 20 };
  const world = await VirtualRecovery.prepare(scene);
  tellReads(await world.reads({ spread: readSpread, perNode }, { failures, samples, readers }), report);
}

function tellReads(reads: LostReads, report: Report): void {
  report.say(`${reads.failures} failures`);
  report.reads(reads.undisturbedMs, reads.recoveringMs);
  for (const problem of reads.problems) report.miss(`reads: ${problem}`);
}

/** Which spread, parallelism and chunk size to choose. */
export async function sweep(_options: Options, report: Report): Promise<void> {
  const heldBytes = 752 * mb;
  const network = { networkBytesPerSecond: 75 * mb, networkBurstBytes: 0, networkPeakBytesPerSecond: 0 };
  report.say('');
  report.say(`sweep in virtual time: 752 MB held, 75 MB/s per instance, no burst; ${virtualWorldFacts}`);
  for (const size of [mb / 2, mb, 2 * mb, 4 * mb]) {
    const rows = [['chunk kB', 'R', 'per node', 'seconds', 'floor', 'of the bandwidth']];
    const world = await VirtualRecovery.prepare({ chunkBytes: size, heldBytes, network, mostSpread: 40 });
    for (const spread of [10, 20, 40]) {
      for (const perNode of [2, 4, 8, 16]) {
        const { seconds, dataBytes } = await world.measure({ spread, perNode });
        const floor = dataBytes / network.networkBytesPerSecond / spread;
        rows.push([
          ...[String(size / 1000), String(spread), String(perNode), seconds.toFixed(2), floor.toFixed(2)],
          (floor / seconds).toFixed(2),
        ]);
      }
    }
    report.table(rows);
    for (const problem of await world.verify()) report.miss(`sweep: ${problem}`);
  }
}

function startFleet(heldMb: number, bytesPerSecond: number): Promise<LiveFleet> {
  return LiveFleet.start({
    nodes: liveNodes,
    // Its own, what one node alone brings back, what Node and bodies under way need.
    nodeMemoryMb: Math.max(512, Math.ceil((2.2 * heldMb * mb) / mib) + 300),
    objects: Math.round((heldMb * mb) / chunkBytes),
    ...{ objectBytes, bytesPerSecond },
  });
}
