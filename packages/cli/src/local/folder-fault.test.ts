import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CliError } from '../cli-error.ts';
import { folderFault } from './folder-fault.ts';

test('what the system refuses is told with a remedy', () => {
  const folder = `${fileURLToPath(import.meta.url)}/data`;
  let fault: unknown;
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    fault = folderFault(folder, error);
  }
  if (!(fault instanceof CliError)) throw new Error('it was not refused');
  expect(fault.exitCode).toBe(1);
  expect(fault.message).toBe(
    `The data folder ${folder} cannot be used (ENOTDIR: not a directory, mkdir '${folder}'). A part of its path is no folder: mend the path, or set SION_DATA_DIR to another folder.`,
  );
});

test('any other error stays what it is', () => {
  const defect = new TypeError('a defect');
  const refusal = new CliError(3, 'held by another');
  expect([folderFault('data', defect), folderFault('data', refusal)]).toEqual([defect, refusal]);
});
