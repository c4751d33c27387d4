/**
 * One run of a part (emulator or proxy) as a child process: from spawn over its ready line to its end. The child leads a
 * process group of its own, so that a terminal's Ctrl-C reaches only us, and holds an IPC channel whose end tells it that
 * we are gone, however we went. It never decides whether to start again; that is the supervisor's.
 *
 * The contract with a part's main: one JSON line `{"event":"ready",…}` on standard output once it serves; everything else
 * on standard error; exit code 2 for invalid settings, 3 when refused; SIGTERM or the end of the channel stops it orderly.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { PartLog } from './part-log.ts';

export interface PartCommand {
  /** `node` with the main file and its arguments. */
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: PartLog;
}

/** How a run ended. `code` and `signal` as Node gives them; `error` when it could not even be started. */
export interface PartEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
}

/** What the ready line said beside its event. */
export type ReadyFields = Readonly<Record<string, unknown>>;

type PartStart =
  | { readonly kind: 'ready'; readonly fields: ReadyFields }
  | { readonly kind: 'ended'; readonly end: PartEnd };

export interface PartProcess {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Settles once: it serves, or it ended before it did. */
  readonly started: Promise<PartStart>;
  readonly ended: Promise<PartEnd>;
  /** Asks it to stop. */
  stop(): void;
  /** Ends it and its whole process group at once. */
  kill(): void;
}

export function startPart(part: PartCommand): PartProcess {
  const child = spawn(part.command, [...part.args], {
    stdio: ['ignore', 'pipe', part.log.descriptor, 'ipc'],
    env: { ...part.environment },
    detached: true,
  });
  const ended = new Promise<PartEnd>((resolve) => {
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, error });
    });
    child.on('exit', (code, signal) => {
      part.log.catchUp();
      resolve({ code, signal });
    });
  });
  const ready = new Promise<PartStart>((resolve) => {
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const fields = readReady(line);
      if (fields !== undefined) resolve({ kind: 'ready', fields });
    });
  });
  const signal = (pid: number | undefined, name: NodeJS.Signals) => {
    if (pid === undefined) return;
    try {
      process.kill(pid, name);
    } catch {
      // It is gone already.
    }
  };
  return {
    pid: child.pid,
    started: Promise.race([ready, ended.then((end): PartStart => ({ kind: 'ended', end }))]),
    ended,
    stop: () => {
      if (child.exitCode === null && child.signalCode === null) signal(child.pid, 'SIGTERM');
    },
    kill: () => signal(child.pid === undefined ? undefined : -child.pid, 'SIGKILL'),
  };
}

/** `killed by SIGKILL`, `exited with code 1`. */
export function describeEnd(end: PartEnd): string {
  if (end.error !== undefined) return `could not be started: ${end.error.message}`;
  return end.signal === null ? `exited with code ${String(end.code)}` : `was killed by ${end.signal}`;
}

function readReady(line: string): ReadyFields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    const fields: Record<string, unknown> = { ...value };
    return fields['event'] === 'ready' ? fields : undefined;
  } catch {
    return undefined;
  }
}
