/** The load generator's commands: options and their checks; the work is done in `bench/`. */
import { randomInt } from 'node:crypto';
import { type Command, Option } from 'commander';
import { type BenchOptions, readBenchOptions } from '../bench/bench-options.ts';
import { compareFiles } from '../bench/compare-files.ts';
import { runBenchCommand } from '../bench/run-command.ts';
import { adminAddress, type Environment, httpAddress, readLocalSettings } from '../settings.ts';
import { writeText } from '../text-output.ts';
import { withSurroundings } from './process-surroundings.ts';

interface ReportOptions {
  readonly json?: string;
  readonly html?: string;
  readonly quiet?: boolean;
}

/** Two results of `--json` side by side. */
function addCompare(bench: Command): void {
  bench
    .command('compare')
    .description(
      'Two results that --json wrote, side by side: what differs in the settings, and by what factor times do.',
    )
    .argument('<a.json>')
    .argument('<b.json>')
    .action(async (a: string, b: string) => {
      await writeText(process.stdout, await compareFiles(a, b));
    });
}

export function addBenchCommands(program: Command, environment: Environment): void {
  program.commandsGroup('Measuring:');
  const bench = program
    .command('bench')
    .summary('load SION, Redis and others with the same requests, and report')
    .description(
      'Send the same requests to one or several targets, in turns, verify every read, and report latencies from the moment ' +
        'each request was due. docs/bench.md has examples.',
    );
  addTargetAndWorkload(bench);
  addLoad(bench);
  addTrace(bench);
  addCompare(bench);
  bench
    .option('--json <file>', 'write the whole result: settings, versions, machine, every distribution')
    .option('--html <file>', 'write a page that needs nothing else: comparison, distributions, the course of time')
    .option('-q, --quiet', 'no progress')
    .action(async (options: BenchOptions & ReportOptions) => {
      const local = readLocalSettings(environment);
      const admin = adminAddress(local);
      const { host } = httpAddress(local);
      const settings = readBenchOptions(options, {
        seed: String(randomInt(2 ** 31)),
        sion: {
          host: host.includes(':') ? `[${host}]` : host,
          respPort: local.respPort,
          httpPort: local.httpPort,
          adminUrl: `http://${admin.host.includes(':') ? `[${admin.host}]` : admin.host}:${admin.port}`,
        },
      });
      const command = ['npx sion', ...process.argv.slice(2)].join(' ');
      await withSurroundings((around) => runBenchCommand({ settings, command, ...options }, around));
    });
}

function oneMore(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function addTargetAndWorkload(bench: Command): void {
  bench
    .addOption(
      new Option(
        '-t, --target <[name=]target>',
        'may be repeated: sion (over RESP; the default), sion-http, sion-client, each perhaps with ://host:port?http=P&admin=P; redis://host:port; s3://bucket/prefix?endpoint=URL&region=R&parallel=N; directory:/folder',
      ).argParser(oneMore),
    )
    .option('--ycsb <workload>', 'A, B, C, D or F (without it: B)')
    .option('--mix <operation=weight,…>', 'instead: get, range, head, put, insert, modify, delete')
    .option('--keys <pattern>', 'zipf, uniform or latest (without it: as the workload says)')
    .option('--zipf <exponent>', 'between 0 and 1 (without it: 0.99)')
    .option(
      '--sizes <sizes>',
      '1KB · 1KB:9,1MB:1 · lognormal:median=M,sigma=S[,min=,max=] · quantiles:0=A,0.5=B,1=C',
      '1KB',
    )
    .option('--records <n>', 'objects written before the first request', '1000')
    .option('--range-bytes <size>', 'what an operation range reads', '64KiB')
    .option('--seed <text>', 'the same settings and seed send the same requests (without it: drawn)')
    .option('--prefix <text>', 'of the keys (without it: bench:SEED:)');
}

function addTrace(bench: Command): void {
  bench
    .option(
      '--trace <file>',
      'requests as they were recorded: IBM registry or COS, Azure, Twitter; .gz or plain; or synthetic:large, synthetic:all',
    )
    .option(
      '--trace-format <format>',
      'registry-csv, registry-json, cos, azure, twitter (without it: as its head says)',
    )
    .option('--trace-key <key>', 'of registry traces: uri or digest', 'uri')
    .option('--first-touch <how>', 'put: written right before its first read; exists: beforehand', 'put')
    .option('--speed <n>', 'so many times as fast (1)')
    .option('--max-gap <time>', 'longer pauses are cut to it, at the new speed')
    .option('--hours <from-to>', 'this part of its time: 2-5, 3-')
    .option('--sample <share>', 'this share of the objects, with all their requests')
    .option('--size-scale <factor>', 'sizes and ranges are multiplied by it')
    .option('--size-cap <size>', 'larger objects are as large as this')
    .option('--skip-bad-rows', 'count rows that cannot be, instead of refusing the trace');
}

function addLoad(bench: Command): void {
  bench
    .option('--rate <n>', 'requests per second, open loop (without it: 100)')
    .option('--steps <rate x time,…>', 'a rate that changes: 100x20s,200x20s')
    .option('--bursts <base=N,…>', 'a new rate drawn from a Pareto distribution: base=100,shape=2,every=15s,cap=7')
    .option('--arrivals <pattern>', 'poisson or even', 'poisson')
    .option('--closed', 'closed loop: each lane sends its next request when the last one is answered')
    .option('--seconds <time>', 'how long, per target (without it: 30s)')
    .option('--requests <n>', 'how many at most, per target')
    .option('--lanes <n>', 'connections per target: at most so many (256), in a closed loop exactly (16)')
    .option('--fill-lanes <n>', 'connections that write the first objects', '16')
    .option('--rounds <n>', 'targets take turns so many times (without it: 4 if there are several)')
    .option('--workers <n>', 'threads that make the load', '1')
    .option('--timeout <time>', 'a request that takes longer has failed', '60s');
}
