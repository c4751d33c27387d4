/**
 * The RESP server: listens, gives each connection its client, and stops in good order. It owns what connections share:
 * the command table, the counts for INFO, and the bound on arguments that all of them together keep in memory.
 */
import {
  type Clock,
  type Connection,
  type Listener,
  type Log,
  type Network,
  type ProcessUsage,
  type Random,
  ReusedMemory,
} from '@sion/components';
import { ReplyWriter, type RequestLimits, SionError } from '@sion/wire';
import type { Objects } from '../../objects/objects.ts';
import type { StatusSource } from '../../status/status.ts';
import { ArgumentMemory } from './argument-memory.ts';
import { Client } from './client.ts';
import { Clients } from './clients.ts';
import type { Front } from './command.ts';
import { CommandPause } from './command-pause.ts';
import { CommandTable } from './command-table.ts';
import { commands } from './commands/index.ts';
import { RespConnection } from './connection.ts';
import { IdleWatch } from './idle-watch.ts';
import { KeyQueue } from './key-queue.ts';
import type { ChangeableSettings, RespSettings } from './resp-settings.ts';
import { ScanCursors } from './scan-cursors.ts';
import { SlowLog } from './slow-log.ts';
import { StallWatch } from './stall-watch.ts';
import { Traffic } from './traffic.ts';

export interface RespServerParts {
  readonly network: Network;
  readonly objects: Objects;
  readonly status: StatusSource;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: RespSettings;
  readonly processUsage: () => ProcessUsage;
}

export interface RespServer {
  readonly port: number;
  /** Open connections. */
  readonly connections: number;
  /** Takes nothing new, answers what was taken, then closes; cuts after `drainMs`. */
  close(): Promise<void>;
}

/** What a connection asks of its server. */
/** Of memory for pieces of large values that is kept to be used again. */
const maxIdlePieceBytes = 16 * 1024 * 1024;

export interface RespServerCore {
  readonly front: Front;
  readonly log: Log;
  readonly requestLimits: RequestLimits;
  readonly writer: ReplyWriter;
  /** Where pieces of large values are read to. */
  readonly pieces: ReusedMemory;
  /** The error for a command whose arguments were not admitted. */
  tooMuch(command: string): SionError;
  onClosed(connection: RespConnection, client: Client): void;
}

/** Starts serving; rejects with `unavailable` when it cannot listen. */
export async function createRespServer(parts: RespServerParts): Promise<RespServer> {
  const server = new RunningServer(parts);
  await server.listen();
  return server;
}

class RunningServer implements RespServer {
  readonly #parts: Omit<RespServerParts, 'settings'>;
  /** A copy of its own: CONFIG SET changes it. */
  readonly #settings: RespSettings;
  readonly #core: RespServerCore;
  readonly #open = new Set<RespConnection>();
  readonly #stalls: StallWatch;
  #listener: Listener | undefined;
  #nextClient = 1;
  #closing: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(parts: RespServerParts) {
    this.#parts = parts;
    const settings = { ...parts.settings };
    this.#settings = settings;
    this.#stalls = new StallWatch(parts.clock, settings.stallMs);
    this.#core = {
      front: this.#createFront(settings),
      log: parts.log,
      requestLimits: requestLimits(settings),
      writer: new ReplyWriter(),
      pieces: new ReusedMemory(maxIdlePieceBytes),
      tooMuch: (command) => tooMuch(command, settings),
      onClosed: (connection, client) => this.#onClosed(connection, client),
    };
  }

  #createFront(settings: RespSettings): Front {
    const { objects, status, clock, random, processUsage } = this.#parts;
    const clients = new Clients();
    return {
      ...{ objects, status, clock, random, settings, processUsage, clients },
      table: new CommandTable(commands),
      traffic: new Traffic(),
      argumentMemory: new ArgumentMemory(settings.maxBufferedTotalBytes),
      patches: new KeyQueue(),
      scanCursors: new ScanCursors(settings.maxScanCursors),
      pause: new CommandPause(clock, () => {
        for (const connection of this.#open) connection.resumeCommands();
      }),
      slowLog: new SlowLog(),
      idleWatch: new IdleWatch(clock, clients),
      changeSettings: (change) => this.#change(settings, change),
      port: () => this.port,
    };
  }

  #change(settings: RespSettings, change: Partial<ChangeableSettings>): void {
    Object.assign(settings, change);
    if (change.stallMs !== undefined) this.#stalls.stallMs = change.stallMs;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get connections(): number {
    return this.#open.size;
  }

  async listen(): Promise<void> {
    const { network } = this.#parts;
    const settings = this.#settings;
    this.#listener = await network.listen(settings.host, settings.respPort, (connection) => this.#accept(connection));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #accept(connection: Connection): void {
    const { clock } = this.#parts;
    const settings = this.#settings;
    const { traffic, clients } = this.#core.front;
    traffic.connections += 1;
    if (this.#closing !== undefined || this.#open.size >= settings.maxRespConnections) {
      traffic.rejectedConnections += 1;
      return refuse(connection, this.#closing === undefined);
    }
    const client = new Client(
      this.#nextClient,
      connection.remote,
      connection.local,
      clock.monotonicMs(),
      settings.durability,
    );
    this.#nextClient += 1;
    const opened = new RespConnection(connection, client, this.#core);
    this.#open.add(opened);
    clients.add(client, opened);
    this.#stalls.add(opened);
    traffic.openConnections = this.#open.size;
    opened.open();
  }

  #onClosed(connection: RespConnection, client: Client): void {
    this.#open.delete(connection);
    this.#core.front.clients.remove(client);
    this.#stalls.remove(connection);
    this.#core.front.traffic.openConnections = this.#open.size;
    if (this.#open.size === 0) this.#onEmpty?.();
  }

  async #close(): Promise<void> {
    const { pause, idleWatch } = this.#core.front;
    idleWatch.stop();
    await this.#listener?.close();
    if (this.#open.size === 0) return;
    const { clock, log } = this.#parts;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    const timer = clock.after(this.#settings.drainMs, () => {
      log.warn('resp-connections-cut', { connections: this.#open.size });
      for (const connection of this.#open) connection.destroy();
    });
    for (const connection of this.#open) connection.drain();
    // What waits for the end of a pause would hold up the stop.
    pause.end();
    await empty;
    timer.cancel();
  }
}

function refuse(connection: Connection, isFull: boolean): void {
  connection.attach({ onData() {}, onDrain() {}, onClose() {} });
  const text = isFull
    ? '-ERR max number of clients reached\r\n'
    : '-UNAVAILABLE the proxy is stopping; connect elsewhere\r\n';
  connection.write([Buffer.from(text, 'latin1')]);
  connection.end();
}

function tooMuch(command: string, settings: RespSettings): SionError {
  const { maxBufferedCommandBytes, maxBufferedTotalBytes } = settings;
  return new SionError(
    'capacity',
    `the arguments of '${command}' need more memory than there is: at most ${maxBufferedCommandBytes} bytes per command and ${maxBufferedTotalBytes} over all connections, with 128 more for each argument; use SET, which streams, or retry later`,
  );
}

/** Read anew for each command: CONFIG SET may change one. */
function requestLimits(settings: RespSettings): RequestLimits {
  return {
    maxArguments: settings.maxArguments,
    get maxBulkBytes() {
      return settings.maxRespValueBytes;
    },
    maxLineBytes: settings.maxInlineBytes,
    streamThresholdBytes: settings.streamThresholdBytes,
    pieceBytes: settings.pieceBytes,
    maxBufferedBytes: settings.maxBufferedCommandBytes,
  };
}
