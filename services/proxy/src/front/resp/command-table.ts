/**
 * The commands by name. It finds the command that arguments ask for, and checks what can be checked before it runs: its
 * name, its arity, the length of its keys.
 */
import type { Key } from '../../objects/objects.ts';
import type { Command } from './command.ts';
import { longKey, type ReplyError, unknownCommand, unknownSubcommand, wrongArity } from './redis-errors.ts';

/** What arguments ask for, or the error that they get. */
export type Lookup =
  | { readonly kind: 'found'; readonly command: Command }
  | { readonly kind: 'refused'; readonly error: ReplyError; readonly command?: Command };

/** See the module. */
export class CommandTable {
  readonly #byName: ReadonlyMap<string, Command>;
  readonly #subcommands: ReadonlyMap<Command, ReadonlyMap<string, Command>>;

  constructor(commands: readonly Command[]) {
    this.#byName = new Map(commands.map((command) => [command.name, command]));
    this.#subcommands = new Map(commands.map((command) => [command, subcommandsOf(command)]));
  }

  /** The commands, in the order of their names. */
  get commands(): readonly Command[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The command with a name (`client|id` for subcommands), in any case. */
  named(name: string): Command | undefined {
    const [container = '', subcommand] = name.toLowerCase().split('|');
    const command = this.#byName.get(container);
    if (command === undefined || subcommand === undefined) return command;
    return this.#subcommands.get(command)?.get(subcommand);
  }

  /**
   * Finds the command for `args`, which may be the beginning of `argumentCount`: it is looked up before a large
   * argument has arrived.
   */
  find(args: readonly Buffer[], argumentCount: number): Lookup {
    const outer = this.#byName.get(args[0]?.toString('latin1').toLowerCase() ?? '');
    if (outer === undefined) return { kind: 'refused', error: unknownCommand(args) };
    const command = outer.subcommands === undefined || argumentCount < 2 ? outer : this.#subcommand(outer, args[1]);
    if (command === undefined) return { kind: 'refused', error: unknownSubcommand(outer.name, args[1]) };
    const { arity } = command;
    const fits = arity >= 0 ? argumentCount === arity : argumentCount >= -arity;
    return fits ? { kind: 'found', command } : { kind: 'refused', error: wrongArity(command.name), command };
  }

  #subcommand(outer: Command, name: Buffer | undefined): Command | undefined {
    return this.#subcommands.get(outer)?.get(name?.toString('latin1').toLowerCase() ?? '');
  }
}

function subcommandsOf(command: Command): ReadonlyMap<string, Command> {
  const entries = command.subcommands ?? [];
  return new Map(entries.map((entry) => [entry.name.slice(command.name.length + 1), entry]));
}

/** The keys among a command's arguments; throws the error for one that is too long. */
export function keysOf(command: Command, args: readonly Buffer[], maxKeyBytes: number): readonly Key[] {
  const keys: Key[] = [];
  for (const { bytes } of keyArguments(command, args)) {
    if (bytes.length > maxKeyBytes) throw longKey(bytes.length, maxKeyBytes);
    keys.push(bytes.toString('latin1'));
  }
  return keys;
}

/** An argument that is a key, and what the command does with it. */
export interface KeyArgument {
  readonly bytes: Buffer;
  /** Redis's words, such as `RO`, `access`. */
  readonly flags: readonly string[];
}

/** The arguments that are keys. */
export function keyArguments({ keys }: Command, args: readonly Buffer[]): readonly KeyArgument[] {
  if (keys === undefined) return [];
  return (keys.specifications ?? [keys]).flatMap(({ first, last, step, flags, flagsOf }) => {
    const end = last < 0 ? args.length + last : last;
    const places: KeyArgument[] = [];
    for (let at = first; at <= end; at += step) {
      const bytes = args[at];
      if (bytes === undefined) break;
      places.push({ bytes, flags: flagsOf?.(args) ?? flags });
    }
    return places;
  });
}
