/**
 * The guard: a process of its own that outlives the emulator by a moment. It reads which processes the emulator has
 * started and ended from its standard input; when that ends, for whatever reason, it kills every process that is still
 * there, frozen or not, and goes. It must never kill a process that merely got the pid of one that ended, so it
 * remembers start times.
 *
 * Grammar: line = ( "+" | "-" ) pid LF ; each pid leads a process group of its own.
 */
import { readProcessStart } from './memory.ts';

const processes = new Map<number, string | undefined>();
let rest = '';

function take(line: string): void {
  const pid = Number(line.slice(1));
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  if (line.startsWith('+')) processes.set(pid, readProcessStart(pid));
  else processes.delete(pid);
}

function killAll(): void {
  for (const [pid, start] of processes) {
    if (start === undefined || readProcessStart(pid) !== start) continue;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It ended by itself in this very moment.
    }
  }
}

// Whoever ends the emulator may signal the whole terminal; the guard goes last.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text: string) => {
  const lines = (rest + text).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) take(line);
});
const finish = () => {
  killAll();
  process.exit(0);
};
process.stdin.on('end', finish);
process.stdin.on('error', finish);
