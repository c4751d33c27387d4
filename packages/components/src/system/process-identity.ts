/**
 * The system form of {@link ProcessIdentity}, from Linux's `/proc`. An identity is
 *
 *     <host name>/<boot id>/<pid namespace>/<pid>/<start time in clock ticks since boot>
 *
 * so that neither a reused pid nor a reboot nor a neighbouring container is ever taken for the process that it names.
 * Where `/proc` is missing (macOS, Windows) the boot id is `-`, the start time is random, and every other process is
 * `unknown`: a taker-over then waits for the lease to lapse. It must never call a process dead that may still write.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ProcessIdentity } from '../process-identity.ts';
import { randomHex } from '../random.ts';
import { systemRandom } from './random.ts';

/** Identities of this process and others. `procFolder` is for tests and odd mounts. */
export function openProcessIdentity(procFolder = '/proc'): ProcessIdentity {
  const place = readPlace(procFolder);
  const start = place === undefined ? undefined : readStart(procFolder, process.pid);
  const host = encodeURIComponent(hostname());
  if (place === undefined || start === undefined) {
    const self = `${host}/-/-/${process.pid}/${randomHex(systemRandom, 8)}`;
    return { self, liveness: (identity) => (identity === self ? 'alive' : 'unknown') };
  }
  const here = `${host}/${place}/`;
  return {
    self: `${here}${process.pid}/${start.ticks}`,
    liveness: (identity) => {
      const match = identity.startsWith(here) ? /^([1-9]\d*)\/(\d+)$/.exec(identity.slice(here.length)) : null;
      return match === null ? 'unknown' : judge(procFolder, Number(match[1]), String(match[2]));
    },
  };
}

function judge(procFolder: string, pid: number, ticks: string): 'alive' | 'dead' | 'unknown' {
  const start = readStart(procFolder, pid);
  if (start === undefined) return isGone(pid) ? 'dead' : 'unknown';
  if (start.ticks !== ticks) return 'dead';
  return start.state === 'Z' || start.state === 'X' ? judgeZombie(procFolder, pid) : 'alive';
}

/** A killed process is a zombie only once its last thread is gone: until then a thread may still be writing. */
function judgeZombie(procFolder: string, pid: number): 'alive' | 'dead' {
  try {
    return readdirSync(`${procFolder}/${pid}/task`).length > 1 ? 'alive' : 'dead';
  } catch {
    return 'dead';
  }
}

/** `/proc` may hide the processes of other users; only the kernel's own "no such process" proves that one is gone. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

function readPlace(procFolder: string): string | undefined {
  try {
    const bootId = readFileSync(`${procFolder}/sys/kernel/random/boot_id`, 'latin1').trim();
    const namespace = /\d+/.exec(readlinkSync(`${procFolder}/self/ns/pid`))?.[0];
    return bootId === '' || namespace === undefined ? undefined : `${bootId}/${namespace}`;
  } catch {
    return undefined;
  }
}

/** Fields 3 (state) and 22 (start time) of proc(5)'s stat; the name in field 2 may hold anything, `)` included. */
function readStart(procFolder: string, pid: number): { readonly state: string; readonly ticks: string } | undefined {
  try {
    const text = readFileSync(`${procFolder}/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state, ticks] = [fields[0], fields[19]];
    return state === undefined || ticks === undefined ? undefined : { state, ticks };
  } catch {
    return undefined;
  }
}
