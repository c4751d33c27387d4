/** Processes of this machine as /proc tells of them, and signals to them. */
import { readdirSync, readFileSync } from 'node:fs';

/** The processes directly below one. */
export function childrenOf(pid: number): readonly number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** What it was started as; nothing when it is gone. */
export function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

/** Everything that was started with `text`, the path of a folder of its own, in its environment or its command. */
export function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => read(`/proc/${pid}/environ`).includes(text) || commandOf(pid).includes(text))
    .filter((pid) => !isZombie(pid));
}

/** Sends a signal; false when there is no such process any more. */
export function signalTo(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** False also of one that is dead and was not yet looked after. */
export function isAlive(pid: number): boolean {
  return read(`/proc/${pid}/stat`) !== '' && !isZombie(pid);
}

function isZombie(pid: number): boolean {
  return read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .startsWith('Z');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
