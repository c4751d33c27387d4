/** What COMMAND DOCS tells of every command beside what the command's own file says. */
import type { CommandDocument } from './argument.ts';
import { connectionDocuments } from './connection.ts';
import { genericDocuments } from './generic.ts';
import { serverDocuments } from './server.ts';
import { stringDocuments } from './string.ts';

const documents: ReadonlyMap<string, CommandDocument> = new Map(
  Object.entries({ ...stringDocuments, ...genericDocuments, ...connectionDocuments, ...serverDocuments }),
);

const none: CommandDocument = {};

/** By full name (`client|kill`); empty for a command without arguments and past. */
export function documentOf(name: string): CommandDocument {
  return documents.get(name) ?? none;
}
