/**
 * The local run: emulator and proxy as processes of their own, each kept running, the functions put into the emulator
 * whenever it starts. It owns the order of starting and stopping and the words for what happens; killing either process
 * leaves the other. It must never hold data.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '@sion/components';
import type { FunctionDefinition } from '@sion/emulator';
import { CliError, type ExitCode } from '../cli-error.ts';
import { callEmulator } from '../client/emulator-call.ts';
import {
  type Environment,
  emulatorAddress,
  emulatorEnvironment,
  type LocalSettings,
  proxyEnvironment,
} from '../settings.ts';
import { JournalNews, type LeftBehind, proxyEndWords } from './journal-news.ts';
import { nodeName } from './node-functions.ts';
import { PartLog } from './part-log.ts';
import { describeEnd, type PartEnd, type ReadyFields, startPart } from './part-process.ts';
import { type RestartDecision, refusedExitCode, settingsExitCode } from './restart-policy.ts';
import { type FirstStart, SupervisedPart } from './supervised-part.ts';
import { plainWords, TroubleFilter } from './trouble-filter.ts';

const startTimeoutMs = 120_000;
const emulatorStopMs = 20_000;
/** Beyond what the proxy itself grants its clients, and then the store. */
const proxyStopExtraMs = 15_000;

export interface LocalRunOptions {
  readonly settings: LocalSettings;
  readonly environment: Environment;
  readonly clock: Clock;
  /** What every function is. */
  readonly definition: FunctionDefinition;
  /** A line for people. */
  readonly say: (text: string) => void;
}

export class LocalRun {
  readonly #options: LocalRunOptions;
  readonly #logs: PartLog[] = [];
  readonly #news: JournalNews;
  readonly #emulator: SupervisedPart;
  readonly #proxy: SupervisedPart;
  /** With the ports that were really taken: a restarted part takes the same ones. */
  #settings: LocalSettings;

  constructor(options: LocalRunOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#news = new JournalNews(options.say);
    this.#emulator = this.#supervise('emulator', '@sion/emulator', emulatorStopMs, (fields) =>
      this.#onEmulator(fields),
    );
    const proxyStopMs = 2 * options.settings.drainMs + proxyStopExtraMs;
    this.#proxy = this.#supervise('proxy', '@sion/proxy', proxyStopMs, (fields) => this.#onProxy(fields));
  }

  /** The settings, with the ports that are in use. */
  get settings(): LocalSettings {
    return this.#settings;
  }

  /** Starts both; rejects with the reason, in which case {@link stop} is still to be called. */
  async start(): Promise<void> {
    this.#assertServing('emulator', await this.#emulator.start());
    this.#assertServing('proxy', await this.#proxy.start());
  }

  /** Resolves with the reason when a part was given up. */
  async failed(): Promise<CliError> {
    return Promise.race([
      this.#emulator.givenUp.then((end) => this.#givenUp('emulator', end)),
      this.#proxy.givenUp.then((end) => this.#givenUp('proxy', end)),
    ]);
  }

  /** What the proxy left behind when it stopped in order; undefined when that is not known. */
  get left(): LeftBehind | undefined {
    return this.#news.left;
  }

  /** The proxy first, so that it can end its sessions; then the emulator. */
  async stop(): Promise<void> {
    await this.#proxy.stop();
    await this.#emulator.stop();
    for (const log of this.#logs.splice(0)) log.close();
  }

  /** Ends both at once; {@link stop} then resolves soon. */
  kill(): void {
    this.#proxy.kill();
    this.#emulator.kill();
  }

  #supervise(
    name: PartName,
    packageName: string,
    stopTimeoutMs: number,
    onReady: (fields: ReadyFields) => Promise<string>,
  ): SupervisedPart {
    const { clock, environment, say } = this.#options;
    const trouble = new TroubleFilter(name, clock, say);
    let log: PartLog | undefined;
    return new SupervisedPart({
      clock,
      startTimeoutMs,
      stopTimeoutMs,
      start: () => {
        log ??= this.#openLog(name, trouble);
        log.begin();
        if (name === 'proxy') this.#news.begin();
        return startPart({
          command: process.execPath,
          args: [mainOf(packageName)],
          environment: (name === 'emulator' ? emulatorEnvironment : proxyEnvironment)(environment, this.#settings),
          log,
        });
      },
      hooks: {
        onReady: async (fields, restarted) => {
          try {
            const text = await onReady(fields);
            say(`  ${name.padEnd(10)}${restarted ? 'again ' : ''}${text}`);
          } catch (error) {
            say(`  ${name} could not be set up: ${error instanceof Error ? error.message : String(error)}`);
            throw error;
          }
        },
        onDied: (end, decision) => {
          const words = plainWords(log?.lastLines ?? []);
          const means = name === 'emulator' ? emulatorEndWords : proxyEndWords(this.#news.left, end.code === 0);
          say(`${describeDeath(name, end, means, decision)}${words === '' ? '' : `\n${words}`}`);
        },
      },
    });
  }

  #openLog(name: PartName, trouble: TroubleFilter): PartLog {
    const log = new PartLog(join(this.#settings.dataDir, 'log', `${name}.log`), (line) => {
      trouble.take(line);
      if (name === 'proxy') this.#news.take(line);
    });
    this.#logs.push(log);
    return log;
  }

  async #onEmulator(fields: ReadyFields): Promise<string> {
    this.#settings = { ...this.#settings, lambdaPort: portOf(fields, 'port', this.#settings.lambdaPort) };
    const { nodes, nodeMemoryMb, lambdaPort } = this.#settings;
    await callEmulator(emulatorAddress(this.#settings), async (control) => {
      for (let index = 0; index < nodes; index += 1) {
        await control.putFunction(nodeName(this.#settings, index), this.#options.definition);
      }
    });
    return `on 127.0.0.1:${lambdaPort} with ${nodes} functions of ${nodeMemoryMb} MB`;
  }

  async #onProxy(fields: ReadyFields): Promise<string> {
    const settings = this.#settings;
    this.#settings = {
      ...settings,
      respPort: portOf(fields, 'respPort', settings.respPort),
      httpPort: portOf(fields, 'httpPort', settings.httpPort),
      linkPort: portOf(fields, 'linkPort', settings.linkPort),
      adminPort: portOf(fields, 'adminPort', settings.adminPort),
    };
    const { host, respPort, httpPort, adminHost, adminPort } = this.#settings;
    const indent = ' '.repeat(12);
    return `RESP on ${host}:${respPort}, HTTP on ${host}:${httpPort},\n${indent}status on ${adminHost}:${adminPort}`;
  }

  #assertServing(name: PartName, start: FirstStart): void {
    if (start.kind === 'failed') throw this.#failure(name, start.end);
  }

  /** It never came to serve: its own words are the reason. */
  #failure(name: PartName, end: PartEnd): CliError {
    const words = plainWords(this.#logOf(name)?.lastLines ?? []);
    return new CliError(exitCodeOf(name, end), `The ${name} ${describeEnd(end)}.${words === '' ? '' : `\n${words}`}`);
  }

  /** Its words were shown when it died. */
  #givenUp(name: PartName, end: PartEnd): CliError {
    const path = this.#logOf(name)?.path ?? '';
    return new CliError(exitCodeOf(name, end), `SION cannot go on without the ${name}. Its log is ${path}.`);
  }

  #logOf(name: PartName): PartLog | undefined {
    return this.#logs.find(({ path }) => path.endsWith(`${name}.log`));
  }
}

type PartName = 'emulator' | 'proxy';

/** What the proxy means by its exit code is what ours means; the emulator only says that it cannot serve. */
function exitCodeOf(name: PartName, end: PartEnd): ExitCode {
  if (end.code === settingsExitCode) return 2;
  return name === 'proxy' && end.code === refusedExitCode ? 3 : 1;
}

/** The main file beside a package's index. */
function mainOf(packageName: string): string {
  return fileURLToPath(new URL('main.ts', import.meta.resolve(packageName)));
}

function portOf(fields: ReadyFields, name: string, fallback: number): number {
  const port = fields[name];
  return typeof port === 'number' ? port : fallback;
}

const emulatorEndWords =
  'The functions and their memory went with it, and what durability memory had there; every other acknowledged value is in the store or the journal.';

/** What died, what that means for the data, and what happens next. */
function describeDeath(name: PartName, end: PartEnd, means: string, decision: RestartDecision): string {
  const next =
    decision.kind === 'restart'
      ? decision.quickFailures > 1
        ? `Starting it again in ${decision.delayMs / 1000} s (failure ${decision.quickFailures} in a row).`
        : 'Starting it again.'
      : decision.because === 'repeated'
        ? `It has failed ${decision.quickFailures} times in a row: giving up.`
        : 'Starting it again would not help: giving up.';
  return `The ${name} ${describeEnd(end)}. ${means} ${next}`;
}
