/** `sion bench compare`: two files in, the text of their comparison out. */
import { readFile } from 'node:fs/promises';
import { compareResults, readResult } from '@sion/bench';
import { CliError } from '../cli-error.ts';

export async function compareFiles(a: string, b: string): Promise<string> {
  const [one, other] = await Promise.all([a, b].map(readFileResult));
  return one === undefined || other === undefined ? '' : compareResults(one, other);
}

async function readFileResult(path: string) {
  try {
    return readResult(await readFile(path, 'utf8'), path);
  } catch (error) {
    throw new CliError(1, error instanceof Error ? error.message : String(error));
  }
}
