/**
 * The command line: commands, options and their checks. It owns no work; each command is a function beside it. A wrong
 * command or option ends with exit code 2 before anything is tried.
 */
import { systemClock } from '@sion/components';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import packageFile from '../package.json' with { type: 'json' };
import { CliError } from './cli-error.ts';
import { callEmulator } from './client/emulator-call.ts';
import { getObject } from './commands/get.ts';
import { putObject } from './commands/put.ts';
import { checkReclaim, type ReclaimOptions, reclaimInstances } from './commands/reclaim.ts';
import { describeObject, describeStatus } from './commands/status.ts';
import { runUp } from './commands/up.ts';
import { Screen } from './local/screen.ts';
import { type Environment, emulatorAddress, httpAddress, readLocalSettings } from './settings.ts';

/** Runs a command line (without `node` and the script) and gives the exit code. What went wrong is on standard error. */
export async function runProgram(args: readonly string[], environment: Environment): Promise<number> {
  try {
    await createProgram(environment).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof CliError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}

function createProgram(environment: Environment): Command {
  const program = new Command('sion')
    .description('Elastic memory storage on serverless functions.')
    .version(packageFile.version, '-V, --version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(sion --help lists the commands)')
    .addHelpText(
      'after',
      '\nSettings come from SION_… in the environment or the file that SION_CONFIG names: docs/settings.md',
    );
  addUp(program, environment);
  addStatus(program, environment);
  addReclaim(program, environment);
  addObjects(program, environment);
  return program;
}

function addUp(program: Command, environment: Environment): void {
  program
    .command('up')
    .description('bring up proxy, emulated Lambda and store on this machine (npm start)')
    .action(async () => {
      const settings = readLocalSettings(environment);
      const screen = new Screen(process.stdout, systemClock);
      await runUp({ settings, environment, clock: systemClock, screen, onStop });
    });
}

function addStatus(program: Command, environment: Environment): void {
  program
    .command('status')
    .description('what a running SION says of itself; with a key: which functions hold that object')
    .argument('[key]')
    .option('--json', 'for programs: everything, as JSON')
    .action(async (key: string | undefined, options: { json?: boolean }) => {
      const settings = readLocalSettings(environment);
      const text = await (key === undefined
        ? describeStatus(settings, options.json === true)
        : describeObject(settings, key, options.json === true));
      process.stdout.write(`${text}\n`);
    });
}

function addReclaim(program: Command, environment: Environment): void {
  program
    .command('reclaim')
    .description(
      'take instances away, as Lambda does; their memory is lost, no acknowledged value is. Say which, by one of:',
    )
    .addOption(new Option('--count <n>', 'so many, at random').argParser(wholeNumber))
    .addOption(new Option('--share <x>', 'this share of them, above 0, at most 1, at random').argParser(share))
    .option('--all', 'all of them')
    .option('--node <name>', 'that of one function, e.g. sion-node-003')
    .action(async (options: ReclaimOptions) => {
      checkReclaim(options);
      const address = emulatorAddress(readLocalSettings(environment));
      const text = await callEmulator(address, (control) => reclaimInstances(control, options));
      process.stdout.write(`${text}\n`);
    });
}

function addObjects(program: Command, environment: Environment): void {
  program
    .command('get')
    .description('stream an object to a file or, with - or nothing, to standard output')
    .argument('<key>')
    .argument('[file]', '', '-')
    .action(async (key: string, file: string) => {
      await getObject(httpAddress(readLocalSettings(environment)), key, file, process.stdout);
    });
  program
    .command('put')
    .description('stream a file or, with - or nothing, standard input into an object')
    .argument('<key>')
    .argument('[file]', '', '-')
    .addOption(new Option('--ttl <seconds>', 'until it expires (without it: never)').argParser(wholeNumber))
    .action(async (key: string, file: string, { ttl }: { ttl?: number }) => {
      const options = ttl === undefined ? {} : { ttlSeconds: ttl };
      await putObject(httpAddress(readLocalSettings(environment)), key, file, process.stdin, options);
    });
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number of at least 1.');
}

function share(text: string): number {
  const value = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number above 0 and at most 1, e.g. 0.5.');
}

/** Ctrl-C, a plain kill, and the end of the terminal all ask for a stop. */
function onStop(listener: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
