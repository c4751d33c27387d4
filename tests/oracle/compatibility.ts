/**
 * The table of what differs from Redis, from the conversations that the oracle leads: what stands here was compared, and
 * each difference was seen to be one. It owns the parts of docs/redis.md and README.md between their marks.
 */
import { type Command, commands } from '@sion/proxy';
import { conversations } from './conversations/index.ts';
import { textOf } from './conversations/line.ts';
import { missingCommands } from './missing-commands.ts';

/** What no single reply shows. */
const notes: Readonly<Record<string, string>> = {
  mset: 'each key by itself: not all or nothing',
  del: 'each key by itself',
  unlink: 'the same as `DEL`; each key by itself',
  dbsize: 'an estimate',
  copy: 'each of the two keys by itself',
  rename: 'each of the two keys by itself',
  renamenx: 'each of the two keys by itself',
  'memory|stats': 'tells of the functions’ memory',
  'memory|doctor': 'tells of the functions’ memory',
  wait: '0 at once: there are no replicas to wait for, and what was acknowledged is durable, unless `SION DURABILITY memory` was chosen',
  set: 'with `GET`, an old value above 4 MiB is refused (`CAPACITY`) and nothing is changed',
  type: '`string` or `none`',
  select: 'there is database 0 only',
  info: 'what means something here, and a section `Sion`; no count of keys, which `DBSIZE` estimates',
  'client|pause': 'concerns Redis clients, not HTTP',
  'client|list': 'some fields of memory are left out',
  slowlog: 'times include waiting for store and functions',
};

interface Row {
  readonly names: string;
  readonly since: string;
  readonly difference: string;
}

/** One row for each command or subcommand; those of one container that are as Redis share one. */
function rows(): readonly Row[] {
  return commands.toSorted((a, b) => (a.name < b.name ? -1 : 1)).flatMap(rowsOf);
}

function rowsOf(command: Command): readonly Row[] {
  if (command.subcommands === undefined) return [row([command])];
  const own = differencesOf(command.name);
  const parts = command.subcommands.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const alike = parts.filter((part) => differencesOf(part.name).length === 0);
  const others = parts.filter((part) => differencesOf(part.name).length > 0);
  return [
    ...(own.length > 0 ? [row([command])] : []),
    ...(alike.length > 0 ? [row(alike)] : []),
    ...others.map((part) => row([part])),
  ];
}

function row(group: readonly Command[]): Row {
  const differences = new Set(group.flatMap(({ name }) => differencesOf(name)));
  return {
    names: namesOf(group),
    since: [...new Set(group.map(({ since }) => since))].toSorted().join(', '),
    difference: differences.size === 0 ? 'as Redis' : [...differences].join('; '),
  };
}

/** `CLIENT` `GETNAME`, `ID` for subcommands. */
function namesOf(group: readonly Command[]): string {
  const [first] = group;
  const [container, part] = first?.name.toUpperCase().split('|') ?? [];
  if (part === undefined) return `\`${container}\``;
  const parts = group.map(({ name }) => `\`${name.toUpperCase().split('|')[1]}\``);
  return `\`${container}\` ${parts.join(', ')}`;
}

function differencesOf(name: string): readonly string[] {
  const note = notes[name];
  const words = name.toUpperCase().split('|');
  const isContainer = commands.some((command) => command.name === name && command.subcommands !== undefined);
  const found = Object.values(conversations).flatMap((conversation) =>
    conversation.flatMap((line) => {
      if (typeof line === 'string' || !('difference' in line)) return [];
      const asked = textOf(line).toUpperCase().split(' ');
      const isAsked = words.every((word, at) => asked[at] === word) && (!isContainer || asked.length === 1);
      return isAsked ? [line.difference] : [];
    }),
  );
  return [...new Set([...(note === undefined ? [] : [note]), ...found])];
}

function tableOf(entries: readonly Row[]): string {
  const lines = entries.map(
    ({ names, since, difference }) => `| ${names} | ${since} | ${difference.replaceAll('|', '\\|')} |`,
  );
  return ['| command | since | replies |', '|---|---|---|', ...lines].join('\n');
}

/** For docs/redis.md. */
export function writeCompatibility(): string {
  const missing = Object.entries(missingCommands).map(
    ([group, names]) => `| ${group} | ${names.map((name) => `\`${name.toUpperCase()}\``).join(' ')} |`,
  );
  return [
    tableOf(rows()),
    '',
    'These commands of Redis 7.0 are not there. Each is refused as Redis refuses a name that it does not know, and what follows it in a pipeline is not disturbed:',
    '',
    '| group | commands |',
    '|---|---|',
    ...missing,
  ].join('\n');
}

/** For README.md: the commands in few lines. */
export function writeSummary(): string {
  const groups = ['string', 'generic', 'connection', 'server'] as const;
  const lines = groups.map((group) => {
    const names = commands.filter((command) => command.group === group && command.name !== 'sion');
    const sorted = names.map(({ name }) => name.toUpperCase()).toSorted();
    return `| ${group} | ${sorted.map((name) => `\`${name}\``).join(' ')} |`;
  });
  return ['| group | commands |', '| --- | --- |', ...lines].join('\n');
}

/** A page with what stands between its marks written anew. */
export function withPart(page: string, part: string): string {
  const [begin, end] = ['<!-- compatibility: written by `npm run docs` -->', '<!-- end of compatibility -->'];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`a page lacks its marks ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${part}\n\n${page.slice(to)}`;
}
