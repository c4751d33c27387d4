/** The system's errors about the data folder, told to people. */
import { CliError } from '../cli-error.ts';

const remedies: Readonly<Record<string, string>> = {
  EACCES: 'Grant this user the right to write there',
  EDQUOT: 'Free some of your quota',
  EEXIST: 'It is a file, not a folder: mend the path',
  ENOENT: 'It cannot be made: see that its file system is there and can be written',
  ENOSPC: 'Free some space there',
  ENOTDIR: 'A part of its path is no folder: mend the path',
  EPERM: 'Grant this user the right to write there',
  EROFS: 'Mount that file system for writing',
};

/** What to throw for `thrown`: when the system could not use a file or folder, a message with the remedy. */
export function folderFault(folder: string, thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !('code' in thrown) || !('syscall' in thrown)) return thrown;
  const code = String(thrown.code);
  const remedy = remedies[code] ?? 'Mend that';
  const message = `The data folder ${folder} cannot be used (${thrown.message}). ${remedy}, or set SION_DATA_DIR to another folder.`;
  return new CliError(1, message, { cause: thrown });
}
