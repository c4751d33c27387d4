/**
 * The shape of what COMMAND DOCS tells of a command's arguments and its past. Clients build completion, help and request
 * builders from it. It describes; nothing here decides how a command reads its arguments.
 */

type ArgumentType =
  | 'string'
  | 'integer'
  | 'double'
  | 'key'
  | 'pattern'
  | 'unix-time'
  | 'pure-token'
  | 'oneof'
  | 'block';

/** One argument, or a group of them. */
export interface CommandArgument {
  readonly name: string;
  readonly type: ArgumentType;
  /** Of a key: which of the command's key specifications it is of. */
  readonly keySpecIndex?: number;
  /** The word that stands before it, or that it is. */
  readonly token?: string;
  readonly since?: string;
  readonly deprecatedSince?: string;
  readonly flags?: readonly ('optional' | 'multiple' | 'multiple_token')[];
  readonly arguments?: readonly CommandArgument[];
}

/** What a command's own file does not say. */
export interface CommandDocument {
  readonly docFlags?: readonly string[];
  readonly deprecatedSince?: string;
  readonly replacedBy?: string;
  /** Version and what changed in it. */
  readonly history?: readonly (readonly [string, string])[];
  readonly arguments?: readonly CommandArgument[];
}

/** An argument in one line. */
export function argument(
  name: string,
  type: ArgumentType,
  more: Omit<CommandArgument, 'name' | 'type'> = {},
): CommandArgument {
  return { name, type, ...(type === 'key' ? { keySpecIndex: 0 } : {}), ...more };
}
