/**
 * What a command is. Each stands in a small file of its own under `commands/`: what Redis says of it (arity, flags, key
 * positions), and what it does. The table finds it, checks arity and keys, and gives it a {@link Call}.
 */
import type { Clock, ProcessUsage, Random } from '@sion/components';
import type { Key, Objects } from '../../objects/objects.ts';
import type { StatusSource } from '../../status/status.ts';
import type { Answer } from './answer.ts';
import type { ArgumentMemory } from './argument-memory.ts';
import type { Client } from './client.ts';
import type { Clients } from './clients.ts';
import type { CommandPause } from './command-pause.ts';
import type { CommandTable } from './command-table.ts';
import type { IdleWatch } from './idle-watch.ts';
import type { IncomingValue } from './incoming-value.ts';
import type { KeyQueue } from './key-queue.ts';
import type { ChangeableSettings, RespSettings } from './resp-settings.ts';
import type { ScanCursors } from './scan-cursors.ts';
import type { SlowLog } from './slow-log.ts';
import type { Traffic } from './traffic.ts';

/** Redis's command flags, as far as our commands have them. */
type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'blocking'
  | 'noscript'
  | 'loading'
  | 'stale'
  | 'fast'
  | 'no_auth'
  | 'allow_busy';

/** Where keys stand among the arguments, the name being 0; `last` < 0 counts from the end. */
export interface KeyPositions {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  /** As COMMAND INFO gives them, e.g. `RO`, `access`. */
  readonly flags: readonly string[];
  readonly notes?: string;
  /** What these very arguments do to the keys, where that depends on them. */
  flagsOf?(args: readonly Buffer[]): readonly string[];
  /** One for each place, where keys are of different use (COPY); together they are `first` to `last`. */
  readonly specifications?: readonly Omit<KeyPositions, 'specifications'>[];
}

export interface Command {
  /** Lower case; a subcommand's is `container|name`. */
  readonly name: string;
  /** Arguments with the name; negative = at least as many. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  readonly keys?: KeyPositions;
  /** Redis's group, for COMMAND DOCS; ACL categories follow from it. */
  readonly group: 'string' | 'generic' | 'connection' | 'server';
  readonly summary: string;
  /** The version of Redis that brought it. */
  readonly since: string;
  readonly complexity?: string;
  readonly tips?: readonly string[];
  /** Redis's ACL categories that do not follow from group and flags. */
  readonly categories?: readonly ('dangerous' | 'connection' | 'keyspace')[];
  /** The argument that may be large and then arrives as a stream ({@link Call.value}). */
  readonly streamedArgument?: number;
  /**
   * For writes of one key: `run` calls `objects.mutate` before anything else, so that several may be under way on the
   * same key, decided in the order in which they were sent.
   */
  readonly mutatesAtOnce?: boolean;
  /** It sees or changes keys that it does not name: nothing of its connection runs beside it. */
  readonly wholeKeyspace?: boolean;
  /** What its answer may hold while it is awaited, as far as that is known before it runs. */
  expectedBytes?(call: Call): number;
  /** After its reply the connection closes. */
  readonly closes?: boolean;
  /** Makes it a container: the first argument chooses. */
  readonly subcommands?: readonly Command[];
  /** Runs it; what it throws becomes an error reply. */
  run(call: Call): Answer | Promise<Answer>;
}

/** One command as it was sent. */
export interface Call {
  /** With the name. When `value` is set, only those before the large one. Kept bytes are the command's own. */
  readonly args: readonly Buffer[];
  readonly keys: readonly Key[];
  readonly value?: IncomingValue;
  readonly client: Client;
  readonly front: Front;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

/** What all connections share. */
export interface Front {
  readonly objects: Objects;
  readonly status: StatusSource;
  readonly clock: Clock;
  readonly settings: RespSettings;
  readonly table: CommandTable;
  readonly traffic: Traffic;
  readonly argumentMemory: ArgumentMemory;
  /** Values that are put together from what they were and written anew: one at a time per key. */
  readonly patches: KeyQueue;
  readonly scanCursors: ScanCursors;
  readonly random: Random;
  readonly clients: Clients;
  readonly pause: CommandPause;
  readonly slowLog: SlowLog;
  readonly idleWatch: IdleWatch;
  /** CONFIG SET: from now on, for connections that are open as well. */
  readonly changeSettings: (change: Partial<ChangeableSettings>) => void;
  readonly processUsage: () => ProcessUsage;
  /** The port that clients reached; known once it listens. */
  readonly port: () => number;
}
