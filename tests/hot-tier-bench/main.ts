/**
 * `npm run bench:hot-tier -- --trace FILE…`: what share of reads of small objects the hot tier would serve, beside other
 * policies, by its size, on recorded workloads and on Zipf's; and how many requests a second each policy decides.
 */
import { createReadStream } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { readTrace, SeededRandom } from '@sion/workload';
import { runCommand, wholeNumber } from '../command-line/command-line.ts';
import { policies } from './policies.ts';

const usage = `usage: npm run bench:hot-tier -- [options]
  --trace FILE          IBM registry, IBM COS, Azure or Twitter; .gz or plain; may be given more than once
  --object-bytes N      the largest object that is kept (65536)
  --requests N          of the Zipf workloads (1000000)
Exit code: 0, or 2 for a wrong option.`;

/** Beside its bytes, of each object; as in the proxy. */
const overheadBytes = 512;

interface Request {
  readonly key: string;
  readonly sizeBytes: number;
}

interface Workload {
  readonly name: string;
  readonly requests: readonly Request[];
}

interface Wanted {
  readonly traces: readonly string[];
  readonly objectBytes: number;
  readonly requests: number;
}

function readOptions(): Wanted | undefined {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      trace: { type: 'string', multiple: true, default: [] },
      'object-bytes': { type: 'string', default: '65536' },
      requests: { type: 'string', default: '1000000' },
    },
  });
  if (values.help) return undefined;
  return {
    traces: values.trace,
    objectBytes: wholeNumber('--object-bytes', values['object-bytes']),
    requests: wholeNumber('--requests', values.requests, 100_000_000),
  };
}

async function recorded(path: string, objectBytes: number): Promise<Workload> {
  const requests: Request[] = [];
  for await (const { operation, key, sizeBytes = 0 } of readTrace(createReadStream(path))) {
    if (operation === 'get' && sizeBytes > 0 && sizeBytes <= objectBytes) requests.push({ key, sizeBytes });
  }
  return { name: basename(path), requests };
}

/** Ranks by Zipf's law, by inversion of the sum of weights. */
function zipf(exponent: number, keys: number, count: number): Workload {
  const random = new SeededRandom(`hot tier ${exponent}`);
  const sums = new Float64Array(keys);
  let sum = 0;
  for (let rank = 0; rank < keys; rank++) {
    sum += 1 / (rank + 1) ** exponent;
    sums[rank] = sum;
  }
  const draw = () => {
    const wanted = random.double() * sum;
    let [low, high] = [0, keys - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const requests = Array.from({ length: count }, () => {
    const rank = draw();
    return { key: `key${rank}`, sizeBytes: 512 + (Math.imul(rank, 2654435761) >>> 20) };
  });
  return { name: `Zipf ${exponent}, ${keys} keys of 0.5 to 4.5 KiB`, requests };
}

function tell({ name, requests }: Workload): void {
  const objects = new Map(requests.map(({ key, sizeBytes }) => [key, sizeBytes + overheadBytes]));
  const allBytes = [...objects.values()].reduce((sum, bytes) => sum + bytes, 0);
  const reaccesses = requests.length - objects.size;
  console.log(
    `\n${name}: ${requests.length} reads of ${objects.size} objects, ${(allBytes / 2 ** 20).toFixed(1)} MiB with what they take beside; ` +
      `at most ${((100 * reaccesses) / Math.max(1, requests.length)).toFixed(1)} % can be hits`,
  );
  console.log(`| policy | ${[1, 5, 20, 50].map((share) => `${share} % of that`).join(' | ')} | million a second |`);
  console.log('|---|---|---|---|---|---|');
  for (const [policy, create] of Object.entries(policies)) {
    let seconds = 0;
    const cells = [0.01, 0.05, 0.2, 0.5].map((share) => {
      const cache = create(Math.max(1, Math.floor(allBytes * share)));
      const began = process.hrtime.bigint();
      let hits = 0;
      for (const { key, sizeBytes } of requests) if (cache.ask(key, sizeBytes + overheadBytes)) hits++;
      seconds += Number(process.hrtime.bigint() - began) / 1e9;
      return `${((100 * hits) / Math.max(1, requests.length)).toFixed(1)} %`;
    });
    console.log(`| ${policy} | ${cells.join(' | ')} | ${((4 * requests.length) / seconds / 1e6).toFixed(1)} |`);
  }
}

async function run({ traces, objectBytes, requests }: Wanted): Promise<number> {
  console.log(`command: npm run bench:hot-tier -- ${process.argv.slice(2).join(' ')}`);
  console.log(
    `machine: ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; Node ${process.version}; objects up to ${objectBytes} bytes`,
  );
  for (const trace of traces) tell(await recorded(trace, objectBytes));
  for (const exponent of [0.7, 0.99, 1.2]) tell(zipf(exponent, 100_000, requests));
  return 0;
}

await runCommand(usage, readOptions, run);
