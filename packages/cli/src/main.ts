/** Main of the `sion` command: arguments and environment in, exit code out. */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// What was read and compiled once need not be for every command: they start in half the time. Where the folder cannot be
// written, it is as without.
enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/sion', import.meta.url)));
const { runProgram } = await import('./program.ts');

// Who reads our output may go first (`sion ls | head`, a closed terminal), and its disk may be full: whoever writes is
// told and decides; the stream itself must not end the process.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

process.exitCode = await runProgram(process.argv.slice(2), process.env);
