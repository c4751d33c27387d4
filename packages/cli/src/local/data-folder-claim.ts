/**
 * One local run per data folder. The claim is the file `up.lock` in it, made exclusively, naming the process that holds
 * it. A holder that is provably dead is taken over from at once; one that nobody can judge from here (another host or
 * container on the same disk) when it has not touched its file for a while. It only spares people a confusing start: what
 * protects the data is the proxy's lease and the store's own lock.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, ProcessIdentity, Timer } from '@sion/components';
import { CliError } from '../cli-error.ts';

const beatMs = 2_000;
const silentMs = 15_000;

export interface DataFolderClaim {
  /** Gives the folder back. */
  release(): void;
}

interface Holder {
  readonly text: string;
  readonly identity: string;
  readonly pid: number;
  readonly since: string;
  readonly silentForMs: number;
}

/** Claims `folder`, which is made when it is missing; refuses with exit code 3 when somebody else runs on it. */
export function claimDataFolder(folder: string, identity: ProcessIdentity, clock: Clock): DataFolderClaim {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'up.lock');
  const since = new Date(clock.wallMs()).toISOString();
  const mine = `${JSON.stringify({ identity: identity.self, pid: process.pid, since })}\n`;
  while (!createFile(path, mine)) {
    const holder = readHolder(path, clock);
    if (holder === undefined) continue;
    const liveness = identity.liveness(holder.identity);
    const gone = liveness === 'dead' || (liveness === 'unknown' && holder.silentForMs > silentMs);
    if (!gone) throw refusal(folder, path, holder);
    removeDead(path, holder.text);
  }
  let timer: Timer;
  const beat = () => {
    const seconds = clock.wallMs() / 1000;
    ignoringFaults(() => {
      if (readHolder(path, clock)?.text === mine) utimesSync(path, seconds, seconds);
    });
    timer = clock.after(beatMs, beat);
  };
  timer = clock.after(beatMs, beat);
  return {
    release: () => {
      timer.cancel();
      ignoringFaults(() => {
        if (readHolder(path, clock)?.text === mine) rmSync(path, { force: true });
      });
    },
  };
}

/** A disk that fails must not end what runs: a claim that is not kept up only looks older than it is. */
function ignoringFaults(work: () => void): void {
  try {
    work();
  } catch {
    // Told above.
  }
}

function refusal(folder: string, path: string, holder: Holder): CliError {
  return new CliError(
    3,
    `SION is already running on ${folder}: process ${holder.pid}, since ${holder.since}.\n` +
      `Use that one, stop it (kill ${holder.pid}), or start another on a folder and ports of its own ` +
      `(SION_DATA_DIR, SION_RESP_PORT, …). If that process is none of SION's, remove ${path}.`,
  );
}

function createFile(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

function readHolder(path: string, clock: Clock): Holder | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const silentForMs = clock.wallMs() - statSync(path).mtimeMs;
    return { text, silentForMs, ...readFields(text) };
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** A file that was broken off in the writing names nobody: it is judged by its age alone. */
function readFields(text: string): { readonly identity: string; readonly pid: number; readonly since: string } {
  try {
    const value: unknown = JSON.parse(text);
    const fields: Record<string, unknown> = typeof value === 'object' ? { ...value } : {};
    return { identity: String(fields['identity']), pid: Number(fields['pid']), since: String(fields['since']) };
  } catch {
    return { identity: '', pid: 0, since: 'an unknown time' };
  }
}

/** Takes the dead holder's file away; when another took it over in between, puts that one's back. */
function removeDead(path: string, text: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== text) linkSync(aside, path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT') && !isErrno(error, 'EEXIST')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
