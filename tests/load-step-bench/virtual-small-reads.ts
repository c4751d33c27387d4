/**
 * Small reads beside large ones in virtual time: the real proxy and the real node, and no other work of the machine in what
 * is measured. Bytes are not scaled down, for a packet of a small read would weigh more then.
 */
import { payloadOf } from '@sion/workload';
import type { Report } from '../recovery-bench/report.ts';
import { VirtualFleet } from '../recovery-bench/virtual-fleet.ts';
import { calmFacts } from '../virtual-fleet/calm-weather.ts';
import { judge, type Latencies, tellLatencies } from './latencies.ts';

export interface VirtualSmallReadsOptions {
  readonly virtualMbPerSecond: number;
  readonly virtualReads: number;
}

interface VirtualSmallReads extends Latencies {
  readonly problems: readonly string[];
}

const nodes = 12;
const mb = 1_000_000;
const [smallObjects, largeObjects] = [60, 2];
/** Between the starts of two small reads. */
const intervalMs = 10;

/** The goals of the live measurement, without the processors'. */
export async function benchVirtualSmallReads(options: VirtualSmallReadsOptions, report: Report): Promise<void> {
  const { virtualMbPerSecond, virtualReads } = options;
  report.say('');
  report.say(
    `small beside large in virtual time: ${nodes} nodes of ${virtualMbPerSecond} MB/s each; ${virtualReads} reads of 1 KB, one each ` +
      `${intervalMs} ms, of ${smallObjects} objects; beside them ${largeObjects} readers of 100 MB objects in 10+2 chunks of 1 MB; ` +
      `no hot tier; every byte compared; ${calmFacts}`,
  );
  const apart = await measure(options, {});
  report.say('two queues and two links');
  tellLatencies(apart, report);
  const oneLink = await measure(options, { SION_BULK_THRESHOLD_BYTES: '0' });
  report.say('one queue and one link (SION_BULK_THRESHOLD_BYTES=0)');
  tellLatencies(oneLink, report);
  judge('small reads in virtual time', apart, oneLink, report);
  for (const problem of [...apart.problems, ...oneLink.problems])
    report.miss(`small reads in virtual time: ${problem}`);
}

/** The same settings, the same figures. */
async function measure(
  { virtualMbPerSecond, virtualReads }: VirtualSmallReadsOptions,
  environment: Readonly<Record<string, string>>,
): Promise<VirtualSmallReads> {
  const fleet = await VirtualFleet.start(
    {
      ...{ nodes, chunkBytes: mb, nodeCapacityBytes: 1000 * mb, scale: 1 },
      network: {
        networkBytesPerSecond: virtualMbPerSecond * mb,
        networkBurstBytes: 64 * 1024,
        networkPeakBytesPerSecond: 0,
      },
      environment: {
        SION_STRIPES: '128KiB=1+1,*=10+2',
        SION_HOT_BYTES: '0',
        SION_HEDGE_MS: '60000',
        SION_FETCH_TIMEOUT_MS: '60000',
        ...environment,
      },
    },
    { spread: 1, perNode: 1 },
  );
  const small = objectsOf('small', smallObjects, 1000);
  const large = objectsOf('large', largeObjects, 100 * mb);
  for (const [key, bytes] of [...small, ...large]) await fleet.pass(fleet.put(key, bytes));
  const isPlaced = () => fleet.service.engine.count().complete === smallObjects + largeObjects;
  if (!(await fleet.time.run(isPlaced))) throw new Error('the objects were not placed');
  const problems: string[] = [];
  const read = async ([key, bytes]: readonly [string, Buffer]) => {
    const begunMs = fleet.time.nowMs;
    const got = await fleet.get(key);
    const tookMs = fleet.time.nowMs - begunMs;
    if (!bytes.equals(got)) problems.push(`${key} has wrong bytes`);
    return tookMs;
  };
  const readSmall = async () => {
    const under: Promise<number>[] = [];
    for (let at = 0; at < virtualReads; at++) {
      const object = small[(at * 7) % small.length];
      if (object !== undefined) under.push(read(object));
      await fleet.sleep(intervalMs);
    }
    return await Promise.all(under);
  };
  const aloneMs = await fleet.pass(readSmall());
  let isOver = false;
  const readers = large.map(async (object) => {
    while (!isOver) await read(object);
  });
  const besideMs = await fleet.pass(readSmall());
  isOver = true;
  await fleet.pass(Promise.all(readers));
  return { aloneMs, besideMs, problems };
}

/** Long ones are made of one piece again and again, each time with another beginning. */
function objectsOf(name: string, count: number, sizeBytes: number): readonly (readonly [string, Buffer])[] {
  return Array.from({ length: count }, (_, object) => {
    const key = `${name}-${object}`;
    const bytes = Buffer.alloc(sizeBytes, payloadOf(key, 1, Math.min(sizeBytes, mb + 1)));
    return [key, bytes] as const;
  });
}
