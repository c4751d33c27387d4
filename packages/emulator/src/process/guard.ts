/**
 * The emulator's end of the guard (see `guard-main.ts`): starts it, tells it every process, starts another when it dies.
 * Together with the pipe that each instance holds to the emulator this leaves no process behind, however the emulator
 * ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Log } from '@sion/components';

export class Guard {
  readonly #script: string;
  readonly #log: Log;
  readonly #pids = new Set<number>();
  #child: ChildProcess;
  #closing = false;

  constructor(script: string, log: Log) {
    this.#script = script;
    this.#log = log;
    this.#child = this.#start();
  }

  /** The guard's own process, for status. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Registers a process that leads its own group. */
  add(pid: number): void {
    this.#pids.add(pid);
    this.#child.stdin?.write(`+${pid}\n`);
  }

  /** The process has ended and was reaped. */
  remove(pid: number): void {
    this.#pids.delete(pid);
    this.#child.stdin?.write(`-${pid}\n`);
  }

  /** Lets the guard kill what is left and resolves when it is gone. */
  async close(): Promise<void> {
    this.#closing = true;
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.ref();
    child.stdin?.end();
    await gone;
  }

  #start(): ChildProcess {
    // A session of its own, so that no signal to the emulator's terminal or group reaches it.
    const child = spawn(process.execPath, [this.#script], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env['PATH'] ?? '' },
    });
    child.unref();
    child.stdin?.on('error', () => {});
    child.once('error', (error) => this.#log.error('guard-failed', { message: error.message }));
    child.once('exit', (code, signal) => {
      if (this.#closing) return;
      this.#log.warn('guard-ended', { code, signal });
      this.#child = this.#start();
      for (const pid of this.#pids) this.#child.stdin?.write(`+${pid}\n`);
    });
    return child;
  }
}
