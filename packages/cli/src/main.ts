/** Main of the `sion` command: arguments and environment in, exit code out. */
import { runProgram } from './program.ts';

// Who reads our output may go first (`sion status | head`); that is no fault.
process.stdout.on('error', (error) => {
  if (!('code' in error) || error.code !== 'EPIPE') throw error;
});

process.exitCode = await runProgram(process.argv.slice(2), process.env);
