/**
 * How an instance's process is started so that the kernel itself ends it with the emulator, frozen or not, even when the
 * guard is gone or paused at that moment: through `setpriv --pdeathsig KILL` of util-linux, which every usual Linux has.
 * It replaces itself by the command, so the pid stays. Where it is missing, guard and pipe must do.
 */
import { spawnSync } from 'node:child_process';

/** A program and its arguments. */
interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** Gives the command that runs another one, bound to this process's life where that is possible. */
export type Launch = (command: Command) => Command;

const setpriv = 'setpriv';
const dieWithParent = ['--pdeathsig', 'KILL', '--'];

/** Tries `setpriv` out once. */
export function findLaunch(): Launch {
  const tried = spawnSync(setpriv, [...dieWithParent, process.execPath, '--version'], { stdio: 'ignore' });
  if (tried.status !== 0) return (command) => command;
  return ({ program, args }) => ({ program: setpriv, args: [...dieWithParent, program, ...args] });
}
