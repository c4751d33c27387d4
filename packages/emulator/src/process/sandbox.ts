/**
 * One instance as a real process: the function's bundle under a bootstrap that speaks the Runtime API. It starts, stops
 * (SIGSTOP), continues (SIGCONT) and kills that process, and says what it hears. The model decides when; the sandbox
 * never acts by itself. The process leads a group and a session of its own, so that signals meant for the terminal do
 * not reach it and whatever it starts goes with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import type { Answer } from '../model/events.ts';
import type { NetworkFigures } from '../model/network-bucket.ts';
import type { Guard } from './guard.ts';
import type { Launch } from './launch.ts';
import { type ProcessMemory, readProcessMemory, readProcessState } from './memory.ts';
import type { CarriedBytes, Relay } from './relay.ts';
import { RuntimeApi, type RuntimeInvocation } from './runtime-api.ts';

/** What a sandbox is to run. */
export interface SandboxPlan {
  readonly script: string;
  readonly handler: string;
  readonly taskRoot: string;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly maxResponseBytes: number;
  readonly launch: Launch;
  /** Where its network has a limit: what all of it leads through, and the script that leads it there. */
  readonly network?: { readonly relay: Relay; readonly script: string };
}

/** What happens in a sandbox; nothing is said after `kill`. */
export interface SandboxListener {
  ready(): void;
  asked(): void;
  answered(requestId: string, answer: Answer): void;
  initFailed(errorType: string, body: Uint8Array): void;
  exited(status: string): void;
  /** What the process wrote to stdout or stderr. */
  wrote(bytes: Buffer): void;
}

export class Sandbox {
  readonly #plan: SandboxPlan;
  readonly #listener: SandboxListener;
  readonly #guard: Guard;
  readonly #api: RuntimeApi;
  #child: ChildProcess | undefined;
  #killed = false;
  #readySaid = false;
  #gone: Promise<void> = Promise.resolve();

  constructor(plan: SandboxPlan, listener: SandboxListener, guard: Guard) {
    this.#plan = plan;
    this.#listener = listener;
    this.#guard = guard;
    this.#api = new RuntimeApi(
      {
        asked: () => this.#asked(),
        answered: (requestId, answer) => this.#say(() => listener.answered(requestId, answer)),
        initFailed: (errorType, body) => this.#say(() => listener.initFailed(errorType, body)),
      },
      plan.maxResponseBytes,
    );
  }

  /** The process's id, once there is one. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process; how that goes is heard by the listener. */
  start(): void {
    Promise.all([this.#api.listen(), this.#plan.network?.relay.listen()]).then(
      ([address, relay]) => this.#spawn(address, relay),
      (error: Error) => this.#say(() => this.#listener.exited(`cannot listen: ${error.message}`)),
    );
  }

  deliver(invocation: RuntimeInvocation): void {
    this.#api.deliver(invocation);
  }

  freeze(): void {
    this.#plan.network?.relay.freeze();
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#plan.network?.relay.thaw();
    this.#signal('SIGCONT');
  }

  /** Limits its network anew, if that has a limit. */
  limitNetwork(figures: NetworkFigures): void {
    this.#plan.network?.relay.limit(figures);
  }

  /** Ends the process at once; from now on nothing is said. Resolves when it is gone. */
  kill(): Promise<void> {
    this.#killed = true;
    this.#signal('SIGKILL');
    return Promise.all([this.#gone, this.#api.close(), this.#plan.network?.relay.close()]).then(() => undefined);
  }

  /** The process's memory; undefined while there is none. */
  memory(): ProcessMemory | undefined {
    return this.pid === undefined ? undefined : readProcessMemory(this.pid);
  }

  /** The kernel's letter for its state; T when frozen. */
  processState(): string | undefined {
    return this.pid === undefined ? undefined : readProcessState(this.pid);
  }

  /** What it has carried over a network with a limit. */
  get carried(): CarriedBytes | undefined {
    return this.#plan.network?.relay.carried;
  }

  #spawn(runtimeApi: string, relay: string | undefined): void {
    if (this.#killed) return;
    const plan = this.#plan;
    const { network } = plan;
    const first = network === undefined ? [] : ['--import', pathToFileURL(network.script).href];
    const { program, args } = plan.launch({
      program: process.execPath,
      args: [...heapFlags(plan.memoryMb), ...first, plan.script, plan.handler],
    });
    const child = spawn(program, [...args], {
      cwd: plan.taskRoot,
      env: {
        ...plan.environment,
        AWS_LAMBDA_RUNTIME_API: runtimeApi,
        ...(relay === undefined ? {} : { SION_EMULATOR_RELAY: relay }),
      },
      detached: true,
      // The fourth is the pipe whose end tells the bootstrap that the emulator is gone.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    if (child.pid !== undefined) this.#guard.add(child.pid);
    this.#child = child;
    this.#gone = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#say(() => this.#listener.exited(error.message));
        if (child.pid === undefined) resolve();
      });
      child.once('exit', (code, signal) => {
        if (child.pid !== undefined) this.#sweep(child.pid);
        this.#say(() =>
          this.#listener.exited(signal === null ? `exit status ${code}` : `signal: ${signalName(signal)}`),
        );
        resolve();
      });
    });
    child.stdout?.on('data', (bytes: Buffer) => this.#say(() => this.#listener.wrote(bytes)));
    child.stderr?.on('data', (bytes: Buffer) => this.#say(() => this.#listener.wrote(bytes)));
  }

  #asked(): void {
    if (!this.#readySaid) {
      this.#readySaid = true;
      return this.#say(() => this.#listener.ready());
    }
    // One turn later, so that what the handler wrote to its log before it asked has been read.
    setImmediate(() => this.#say(() => this.#listener.asked()));
  }

  #say(what: () => void): void {
    if (!this.#killed) what();
  }

  /** The leader has ended: whatever it started goes too. */
  #sweep(pid: number): void {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It had started nothing that still lives.
    }
    this.#guard.remove(pid);
  }

  #signal(signal: NodeJS.Signals): void {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has just ended by itself; its exit is on the way.
    }
  }
}

/** As the managed runtime starts Node: the heap takes what the function's memory gives. */
function heapFlags(memoryMb: number): string[] {
  return [`--max-old-space-size=${Math.floor(memoryMb * 0.9)}`, '--max-http-header-size=81920'];
}

function signalName(signal: NodeJS.Signals): string {
  const names: Partial<Record<NodeJS.Signals, string>> = {
    SIGKILL: 'killed',
    SIGABRT: 'aborted',
    SIGSEGV: 'segmentation fault',
    SIGTERM: 'terminated',
  };
  return names[signal] ?? signal;
}
