/** The commands about what SION holds in memory: warm, invalidate, and reclaim, which takes it away. */
import { type Command, Option } from 'commander';
import { CliError } from '../cli-error.ts';
import { callEmulator } from '../client/emulator-call.ts';
import type { Address } from '../client/http-call.ts';
import { describeInvalidation } from '../commands/invalidate.ts';
import { checkReclaim, type ReclaimOptions, reclaimInstances } from '../commands/reclaim.ts';
import type { Loudness } from '../commands/surroundings.ts';
import { warmObjects } from '../commands/warm.ts';
import { adminAddress, type Environment, emulatorAddress, readLocalSettings } from '../settings.ts';
import { writeText } from '../text-output.ts';
import { objectName, proxyUrl, share, wholeNumber } from './arguments.ts';
import { withSurroundings } from './process-surroundings.ts';

export function addMemoryCommands(program: Command, environment: Environment): void {
  program.commandsGroup('Memory:');
  addWarm(program, environment);
  addInvalidate(program, environment);
  addReclaim(program, environment);
}

interface Addressed {
  readonly url?: Address;
  readonly encoded?: boolean;
}

function addWarm(program: Command, environment: Environment): void {
  addressed(
    program
      .command('warm')
      .summary('bring objects into memory before they are asked for')
      .description('Bring every object whose key begins with PREFIX into the functions’ memory. "" is all of them.')
      .argument('<prefix>'),
  )
    .option('--progress', 'now and then a line, where there is no terminal for a live one')
    .option('-q, --quiet', 'say only what went wrong')
    .action(async (prefix: string, options: Addressed & Loudness) => {
      const { url, encoded, ...loudness } = options;
      const request = { ...loudness, admin: adminOf(url, environment), prefix: objectName(prefix, encoded) };
      await withSurroundings((around) => warmObjects(request, around));
    });
}

function addInvalidate(program: Command, environment: Environment): void {
  addressed(
    program
      .command('invalidate')
      .summary('look in the store again, after others have changed it')
      .description(
        'Forget what SION knows and holds of a key, or of all with a prefix: the next read looks in the store.',
      )
      .argument('[key]'),
  )
    .option('--prefix <prefix>', 'all whose keys begin with it; "" is all of them')
    .action(async (key: string | undefined, options: Addressed & { prefix?: string }) => {
      const { prefix, encoded } = options;
      if ((key === undefined) === (prefix === undefined)) {
        throw new CliError(2, `invalidate: say ${key === undefined ? 'one' : 'only one'} of KEY and --prefix P.`);
      }
      const name = objectName(key ?? prefix ?? '', encoded);
      const admin = adminOf(options.url, environment);
      const text = await describeInvalidation(admin, key === undefined ? 'prefix' : 'key', name);
      await writeText(process.stdout, `${text}\n`);
    });
}

function addReclaim(program: Command, environment: Environment): void {
  program
    .command('reclaim')
    .summary('take instances away, as Lambda does')
    .description(
      'Take instances away, as Lambda does; their memory is lost. What store or journal acknowledged is not, values of durability memory may be. ' +
        'Say which, by one of:',
    )
    .addOption(new Option('--count <n>', 'so many, at random').argParser(wholeNumber))
    .addOption(new Option('--share <x>', 'this share of them, above 0, at most 1, at random').argParser(share))
    .option('--all', 'all of them')
    .option('--node <name>', 'that of one function, e.g. sion-node-003')
    .action(async (options: ReclaimOptions) => {
      checkReclaim(options);
      const address = emulatorAddress(readLocalSettings(environment));
      const text = await callEmulator(address, (control) => reclaimInstances(control, options));
      await writeText(process.stdout, `${text}\n`);
    });
}

function addressed(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'the proxy’s admin port; without it, as the settings say').argParser(proxyUrl))
    .option('-e, --encoded', 'it is given percent-encoded, as sion ls --encoded lists keys');
}

function adminOf(url: Address | undefined, environment: Environment): Address {
  return url ?? adminAddress(readLocalSettings(environment));
}
