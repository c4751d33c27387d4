import { afterEach, expect, it, vi } from 'vitest';
import { number, runCommand, WrongOption, wholeNumber } from './command-line.ts';

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

it('a wrong option is said with the usage, what an option names without: exit code 2', async () => {
  const errors = vi.spyOn(console, 'error').mockReturnValue();
  const read = (): string => {
    throw new WrongOption('--n is x');
  };
  await runCommand('usage', read, async () => 0);
  expect(process.exitCode).toBe(2);
  process.exitCode = undefined;
  const run = async (): Promise<number> => {
    throw new WrongOption('--trace FILE: no such file');
  };
  await runCommand('usage', () => 'wanted', run);
  expect(process.exitCode).toBe(2);
  expect(errors.mock.calls).toEqual([['--n is x\nusage'], ['--trace FILE: no such file']]);
});

it('a defect stays one', async () => {
  const run = async (): Promise<number> => {
    throw new TypeError('a defect');
  };
  await expect(runCommand('usage', () => 'wanted', run)).rejects.toThrow('a defect');
});

it('what was run gives the exit code, and asking for help begins nothing', async () => {
  const said = vi.spyOn(console, 'log').mockReturnValue();
  await runCommand(
    'usage',
    () => 'wanted',
    async () => 1,
  );
  expect(process.exitCode).toBe(1);
  const run = vi.fn(async () => 0);
  await runCommand<string>('usage', () => undefined, run);
  expect(said.mock.calls).toEqual([['usage']]);
  expect(run).not.toHaveBeenCalled();
});

it('numbers have bounds', () => {
  expect([wholeNumber('--n', '0', 9, 0), number('--n', '0.5', 1)]).toEqual([0, 0.5]);
  for (const text of ['', '-1', '1.5', '10', 'x', 'Infinity', '1e400']) {
    expect(() => wholeNumber('--n', text, 9, 0)).toThrow(/must be a whole number from 0 to 9/);
  }
  for (const text of ['', '-1', '2', 'x', 'Infinity', 'NaN'])
    expect(() => number('--n', text, 1)).toThrow(/from 0 to 1/);
});
