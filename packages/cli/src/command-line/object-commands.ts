/** The commands about objects: get, put, ls, rm, ttl. Options and their checks; the work is done beside them. */
import { type Command, Option } from 'commander';
import { CliError } from '../cli-error.ts';
import type { Address } from '../client/http-call.ts';
import type { Durability, PutTerms } from '../client/object-write.ts';
import { getObject } from '../commands/get.ts';
import { type ListFormat, printObjects } from '../commands/list.ts';
import { putObject } from '../commands/put.ts';
import { type RemoveRequest, removeObjects } from '../commands/remove.ts';
import type { Loudness } from '../commands/surroundings.ts';
import { describeTtl } from '../commands/ttl.ts';
import { type Environment, httpAddress, readLocalSettings } from '../settings.ts';
import { writeText } from '../text-output.ts';
import {
  byteRange,
  contentType,
  durabilities,
  durabilityMode,
  entityTag,
  metadataPair,
  objectName,
  proxyUrl,
  wholeNumber,
} from './arguments.ts';
import { withSurroundings } from './process-surroundings.ts';

/** What every one of these commands takes. */
interface Addressed {
  readonly url?: Address;
  readonly encoded?: boolean;
}

export function addObjectCommands(program: Command, environment: Environment): void {
  program.commandsGroup('Objects:');
  addGet(program, environment);
  addPut(program, environment);
  addList(program, environment);
  addRemove(program, environment);
  addTtl(program, environment);
}

function addGet(program: Command, environment: Environment): void {
  addressed(
    program
      .command('get')
      .summary('stream an object to a file or to standard output')
      .description(
        'Stream an object to FILE or, with - or nothing, to standard output. FILE appears when every byte has come; ' +
          'what came of a transfer that broke off is kept beside it, and the same command goes on from there.',
      )
      .argument('<key>')
      .argument('[file]', '', '-'),
  )
    .addOption(
      new Option('--range <first-last>', 'these bytes alone: 0-99, 100- or -100 (the last ones)').argParser(byteRange),
    )
    .option('--progress', 'now and then a line, where there is no terminal for a bar')
    .option('-q, --quiet', 'neither progress nor notices; errors are told')
    .action(async (key: string, file: string, options: Addressed & Loudness & { range?: string }) => {
      const { url, encoded, ...rest } = options;
      const request = { ...rest, http: httpOf(url, environment), name: objectName(key, encoded), target: file };
      await withSurroundings((around) => getObject(request, around));
    });
}

interface PutOptions extends Addressed, Loudness {
  readonly ttl?: number;
  readonly contentType?: string;
  readonly meta?: ReadonlyMap<string, string>;
  readonly ifAbsent?: boolean;
  readonly ifMatch?: string;
  readonly durability?: Durability;
  readonly place: boolean;
}

function addPut(program: Command, environment: Environment): void {
  addressed(
    program
      .command('put')
      .summary('stream a file or standard input into an object')
      .description(
        'Stream FILE or, with - or nothing, standard input into an object. Done when the write is acknowledged, by default when it is stored durably. ' +
          'An upload that breaks off leaves nothing behind and begins again at the first byte.',
      )
      .argument('<key>')
      .argument('[file]', '', '-'),
  )
    .addOption(new Option('--ttl <seconds>', 'until it expires (without it: never)').argParser(wholeNumber))
    .addOption(new Option('--content-type <type>', 'kept with the object').argParser(contentType))
    .addOption(new Option('--meta <name=value>', 'kept with the object; may be repeated').argParser(metadataPair))
    .addOption(new Option('--if-absent', 'only when there is no such object').conflicts('ifMatch'))
    .addOption(new Option('--if-match <etag>', 'only in the place of this version').argParser(entityTag))
    .addOption(
      new Option(
        '--durability <mode>',
        'acknowledged when the store has it; when the journal has it and the store follows; or when functions hold it, ' +
          'never stored (without it: SION_DURABILITY)',
      )
        .choices(durabilities)
        .argParser(durabilityMode),
    )
    .option('--no-place', 'to the store alone, not into memory')
    .option('--progress', 'now and then a line, where there is no terminal for a bar')
    .option('-q, --quiet', 'neither progress nor notices; errors are told')
    .action(async (key: string, file: string, options: PutOptions) => {
      if (options.durability === 'memory' && !options.place) {
        throw new CliError(
          2,
          'put: --durability memory keeps the object in memory alone; it cannot go with --no-place.',
        );
      }
      const { url, encoded, progress, quiet } = options;
      await withSurroundings((around) =>
        putObject(
          {
            http: httpOf(url, environment),
            name: objectName(key, encoded),
            source: file,
            terms: termsOf(options),
            progress: progress === true,
            quiet: quiet === true,
          },
          around,
        ),
      );
    });
}

function termsOf({ ttl, contentType, meta, ifAbsent, ifMatch, durability, place }: PutOptions): PutTerms {
  return {
    noPlace: !place,
    ...(ttl === undefined ? {} : { ttlSeconds: ttl }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(meta === undefined ? {} : { metadata: meta }),
    ...(ifAbsent === undefined ? {} : { ifAbsent }),
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(durability === undefined ? {} : { durability }),
  };
}

interface ListOptions extends Addressed {
  readonly delimiter?: string;
  readonly limit?: number;
  readonly long?: boolean;
  readonly json?: boolean;
}

function addList(program: Command, environment: Environment): void {
  addressed(
    program
      .command('ls')
      .summary('list keys')
      .description(
        "List the keys, or those that begin with PREFIX, one per line. A key that a terminal would not show plainly is quoted as in $'a\\x00b'.",
      )
      .argument('[prefix]', '', ''),
    'PREFIX is percent-encoded, and so are the keys that are listed',
  )
    .option('-d, --delimiter <text>', 'keys that have it after the prefix are listed as one, up to it; often /')
    .addOption(new Option('--limit <n>', 'at most so many lines').argParser(wholeNumber))
    .addOption(
      new Option('-l, --long', 'size in bytes, time of change, seconds to live, key').conflicts(['json', 'encoded']),
    )
    .addOption(new Option('--json', 'for programs: one JSON object per line').conflicts('encoded'))
    .action(async (prefix: string, options: ListOptions) => {
      const { url, encoded, delimiter, limit } = options;
      const scope = {
        prefix: objectName(prefix, encoded),
        ...(delimiter === undefined ? {} : { delimiter: objectName(delimiter, encoded) }),
        ...(limit === undefined ? {} : { limit }),
      };
      const request = { http: httpOf(url, environment), scope, format: formatOf(options) };
      await withSurroundings((around) => printObjects(request, around));
    });
}

function formatOf({ long, json, encoded }: ListOptions): ListFormat {
  if (long === true) return 'long';
  if (json === true) return 'json';
  return encoded === true ? 'encoded' : 'keys';
}

interface RemoveOptions extends Addressed {
  readonly prefix?: string;
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
}

function addRemove(program: Command, environment: Environment): void {
  addressed(
    program
      .command('rm')
      .summary('delete objects, by key or by prefix')
      .description('Delete objects durably and say how many there were. Say which: keys, --prefix or --all.')
      .argument('[keys...]'),
  )
    .option('--prefix <prefix>', 'all whose keys begin with it')
    .option('--all', 'every object there is')
    .option('-y, --yes', 'without asking')
    .option('--dry-run', 'list what would be deleted, delete nothing')
    .option('-q, --quiet', 'say only what went wrong')
    .action(async (keys: readonly string[], options: RemoveOptions) => {
      const what = whatToRemove(keys, options);
      const { yes, dryRun, quiet } = options;
      const flags = { yes: yes === true, dryRun: dryRun === true, quiet: quiet === true };
      await withSurroundings((around) =>
        removeObjects({ http: httpOf(options.url, environment), what, ...flags }, around),
      );
    });
}

function whatToRemove(keys: readonly string[], { prefix, all, encoded }: RemoveOptions): RemoveRequest['what'] {
  const given = [keys.length > 0, prefix !== undefined, all === true].filter(Boolean).length;
  if (given !== 1) {
    throw new CliError(
      2,
      `rm: say what to delete, with ${given === 0 ? 'one' : 'only one'} of KEY…, --prefix P and --all.`,
    );
  }
  if (prefix === '')
    throw new CliError(2, 'rm: an empty prefix is every object there is. If that is meant, say --all.');
  if (keys.length > 0) return { kind: 'keys', names: keys.map((key) => objectName(key, encoded)) };
  return { kind: 'prefix', prefix: objectName(prefix ?? '', encoded) };
}

interface TtlOptions extends Addressed {
  readonly persist?: boolean;
}

function addTtl(program: Command, environment: Environment): void {
  addressed(
    program
      .command('ttl')
      .summary('tell or change when an object expires')
      .description('Print how many seconds an object has left, or never. With SECONDS, it expires so many from now.')
      .argument('<key>')
      .argument('[seconds]', '', wholeNumber),
  )
    .option('--persist', 'never expires')
    .action(async (key: string, seconds: number | undefined, options: TtlOptions) => {
      if (seconds !== undefined && options.persist === true) {
        throw new CliError(2, 'ttl: say SECONDS or --persist, not both.');
      }
      const ttl = options.persist === true ? 'none' : seconds;
      const name = objectName(key, options.encoded);
      const text = await describeTtl(httpOf(options.url, environment), name, ttl);
      await writeText(process.stdout, `${text}\n`);
    });
}

function addressed(
  command: Command,
  encodedWords = 'keys are given percent-encoded, as sion ls --encoded lists them',
): Command {
  return command
    .addOption(new Option('--url <url>', 'the proxy’s HTTP port; without it, as the settings say').argParser(proxyUrl))
    .option('-e, --encoded', encodedWords);
}

function httpOf(url: Address | undefined, environment: Environment): Address {
  return url ?? httpAddress(readLocalSettings(environment));
}
