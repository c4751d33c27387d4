/**
 * What Linux says of an instance's process: its memory and its state, from `/proc`. Read synchronously, since each file
 * is made by the kernel on the spot (about 20 µs). A process that is gone gives undefined.
 */
import { readFileSync } from 'node:fs';

const bytesPerMb = 1024 * 1024;

/** Resident memory now, and the most it has ever been, in MB. */
export interface ProcessMemory {
  readonly usedMb: number;
  readonly peakMb: number;
}

export function readProcessMemory(pid: number): ProcessMemory | undefined {
  const text = readProc(pid, 'status');
  const usedKb = /^VmRSS:\s+(\d+) kB/m.exec(text ?? '')?.[1];
  const peakKb = /^VmHWM:\s+(\d+) kB/m.exec(text ?? '')?.[1];
  if (usedKb === undefined || peakKb === undefined) return undefined;
  return { usedMb: toMb(usedKb), peakMb: toMb(peakKb) };
}

/** The kernel's letter: R running, S sleeping, T stopped, Z ended but not yet reaped … */
export function readProcessState(pid: number): string | undefined {
  return statFields(pid)?.[0];
}

/** Ticks since boot at which the process started: with the pid it names a process for good. */
export function readProcessStart(pid: number): string | undefined {
  return statFields(pid)?.[19];
}

/** The fields of `/proc/<pid>/stat` after the command name, which may itself hold spaces and brackets. */
function statFields(pid: number): string[] | undefined {
  const text = readProc(pid, 'stat');
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

function readProc(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}

function toMb(kilobytes: string): number {
  return Math.ceil((Number(kilobytes) * 1024) / bytesPerMb);
}
