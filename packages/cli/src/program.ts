/**
 * The command line: groups of commands, how they end. It owns no work; each command is a function beside it. A wrong
 * command or option ends with exit code 2 before anything is tried.
 */
import { Command, CommanderError } from 'commander';
import packageFile from '../package.json' with { type: 'json' };
import { CliError } from './cli-error.ts';
import { addBenchCommands } from './command-line/bench-commands.ts';
import { addMachineCommands } from './command-line/machine-commands.ts';
import { addMemoryCommands } from './command-line/memory-commands.ts';
import { addObjectCommands } from './command-line/object-commands.ts';
import type { Environment } from './settings.ts';

/** Runs a command line (without `node` and the script) and gives the exit code. What went wrong is on standard error. */
export async function runProgram(args: readonly string[], environment: Environment): Promise<number> {
  try {
    await createProgram(environment).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof CliError)) throw error;
    if (error.message !== '') process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}

function createProgram(environment: Environment): Command {
  const program = new Command('sion')
    .description('Elastic memory storage on serverless functions.')
    .version(packageFile.version, '-V, --version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(sion --help lists the commands)')
    .addHelpText(
      'after',
      '\nA key that begins with "-" comes after "--":  sion get -- -key\n' +
        'Settings come from SION_… in the environment or the file that SION_CONFIG names: docs/settings.md\n' +
        'Every command with an example: docs/cli.md',
    );
  addMachineCommands(program, environment);
  addObjectCommands(program, environment);
  addMemoryCommands(program, environment);
  addBenchCommands(program, environment);
  program.addHelpCommand(
    new Command('help').argument('[command]').description('the help of a command').helpGroup('Other:'),
  );
  for (const command of program.commands) command.showHelpAfterError(`(sion ${command.name()} --help says more)`);
  return program;
}
