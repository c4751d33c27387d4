/**
 * The command lines of what `npm run` offers here: a wrong option is named, with the usage, and ends with exit code 2;
 * `--help` says what there is and ends with 0. Nothing has begun by then.
 */

/** What is wrong with an option, for the one who gave it. */
export class WrongOption extends Error {}

/** A whole number from 1 to `most`. Throws {@link WrongOption}. */
export function wholeNumber(option: string, text: string, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  const upTo = most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`;
  throw new WrongOption(`${option} is ${JSON.stringify(text)}, but must be a whole number from 1${upTo}.`);
}

/** One of the `choices`. Throws {@link WrongOption}. */
export function choice<T extends string>(option: string, text: string, choices: readonly T[]): T {
  const found = choices.find((each) => each === text);
  if (found !== undefined) return found;
  throw new WrongOption(`${option} is ${JSON.stringify(text)}, but must be one of ${choices.join(', ')}.`);
}

/** Runs what `read` gives; it gives undefined when help is asked for, and throws when an option is wrong. */
export async function runCommand<T>(
  usage: string,
  read: () => T | undefined,
  run: (wanted: T) => Promise<number>,
): Promise<void> {
  let wanted: T | undefined;
  try {
    wanted = read();
  } catch (error) {
    if (!isAboutOptions(error)) throw error;
    console.error(`${error.message}\n${usage}`);
    process.exitCode = 2;
    return;
  }
  if (wanted === undefined) console.log(usage);
  else process.exitCode = await run(wanted);
}

/** Ours, or that of `parseArgs`. */
function isAboutOptions(error: unknown): error is Error {
  if (error instanceof WrongOption) return true;
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
