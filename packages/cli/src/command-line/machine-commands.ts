/** The commands about a SION as a whole: up, status. */
import { systemClock } from '@sion/components';
import type { Command } from 'commander';
import { describeObject, describeStatus } from '../commands/status.ts';
import { runUp } from '../commands/up.ts';
import { Screen } from '../local/screen.ts';
import { type Environment, readLocalSettings } from '../settings.ts';
import { writeText } from '../text-output.ts';
import { objectName } from './arguments.ts';

export function addMachineCommands(program: Command, environment: Environment): void {
  program.commandsGroup('SION on this machine:');
  program
    .command('up')
    .summary('bring up proxy, emulated Lambda and store on this machine (npm start)')
    .description('Bring up proxy, emulated Lambda and store on this machine, as npm start does, until Ctrl-C.')
    .action(async () => {
      const settings = readLocalSettings(environment);
      const screen = new Screen(process.stdout, systemClock);
      await runUp({ settings, environment, clock: systemClock, screen, onStop });
    });
  program
    .command('status')
    .summary('what a running SION says of itself; with a key: which functions hold that object')
    .description('Print what a running SION says of itself; with a key, which functions hold that object.')
    .argument('[key]')
    .option('--json', 'for programs: everything, as JSON')
    .option('-e, --encoded', 'the key is given percent-encoded')
    .action(async (key: string | undefined, { json = false, encoded }: { json?: boolean; encoded?: boolean }) => {
      const settings = readLocalSettings(environment);
      const text = await (key === undefined
        ? describeStatus(settings, json)
        : describeObject(settings, objectName(key, encoded), json));
      await writeText(process.stdout, `${text}\n`);
    });
}

/** Ctrl-C, a plain kill, and the end of the terminal all ask for a stop. */
function onStop(listener: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
