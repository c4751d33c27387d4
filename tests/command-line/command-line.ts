/**
 * The command lines of what `npm run` offers here: a wrong option is named, with the usage, and ends with exit code 2;
 * `--help` says what there is and ends with 0. Nothing has begun by then. What is found to be wrong later, as in a file that
 * an option names, is said in one line and ends with 2 as well.
 */

/** What is wrong with an option, for the one who gave it. */
export class WrongOption extends Error {}

/** A whole number from `least` to `most`. Throws {@link WrongOption}. */
export function wholeNumber(option: string, text: string, most = Number.MAX_SAFE_INTEGER, least = 1): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const upTo = most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`;
  throw new WrongOption(`${option} is ${JSON.stringify(text)}, but must be a whole number from ${least}${upTo}.`);
}

/** A number from 0 to `most`. Throws {@link WrongOption}. */
export function number(option: string, text: string, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= most) return value;
  throw new WrongOption(`${option} is ${JSON.stringify(text)}, but must be a number from 0 to ${most}.`);
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
  if (wanted === undefined) return console.log(usage);
  try {
    process.exitCode = await run(wanted);
  } catch (error) {
    if (!(error instanceof WrongOption)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

/** Ours, or that of `parseArgs`. */
function isAboutOptions(error: unknown): error is Error {
  if (error instanceof WrongOption) return true;
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
