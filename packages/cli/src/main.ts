/** Main of the `sion` command: arguments and environment in, exit code out. */
import { runProgram } from './program.ts';

// Who reads our output may go first (`sion ls | head`, a closed terminal), and its disk may be full: whoever writes is
// told and decides; the stream itself must not end the process.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

process.exitCode = await runProgram(process.argv.slice(2), process.env);
