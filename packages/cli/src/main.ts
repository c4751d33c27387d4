/** Main of the `sion` command: arguments and environment in, exit code out. */
import { runProgram } from './program.ts';

// Who reads our output may go first (`sion status | head`, a closed terminal); that is no fault.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (!('code' in error) || (error.code !== 'EPIPE' && error.code !== 'EIO')) throw error;
  });
}

process.exitCode = await runProgram(process.argv.slice(2), process.env);
