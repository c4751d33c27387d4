/**
 * The RESP server: listens, gives each connection its client, and stops in good order. It owns what connections share:
 * the command table, the counts for INFO, and the bound on arguments that all of them together keep in memory.
 */
import type { Clock, Connection, Listener, Log, Network } from '@sion/components';
import { ReplyWriter, type RequestLimits, SionError } from '@sion/wire';
import type { Objects } from '../../objects/objects.ts';
import type { StatusSource } from '../../status/status.ts';
import { Client } from './client.ts';
import type { Front } from './command.ts';
import { CommandTable } from './command-table.ts';
import { commands } from './commands/index.ts';
import { RespConnection } from './connection.ts';
import type { RespSettings } from './resp-settings.ts';
import { StallWatch } from './stall-watch.ts';

export interface RespServerParts {
  readonly network: Network;
  readonly objects: Objects;
  readonly status: StatusSource;
  readonly log: Log;
  readonly clock: Clock;
  readonly settings: RespSettings;
}

export interface RespServer {
  readonly port: number;
  /** Open connections. */
  readonly connections: number;
  /** Takes nothing new, answers what was taken, then closes; cuts after `drainMs`. */
  close(): Promise<void>;
}

/** What a connection asks of its server. */
export interface RespServerCore {
  readonly front: Front;
  readonly log: Log;
  readonly requestLimits: RequestLimits;
  readonly writer: ReplyWriter;
  /** Takes memory for a large argument, if there is some. */
  admit(bytes: number): boolean;
  release(bytes: number): void;
  /** The error for a command whose arguments were not admitted. */
  tooMuch(command: string): SionError;
  onClosed(connection: RespConnection): void;
}

/** Starts serving; rejects with `unavailable` when it cannot listen. */
export async function createRespServer(parts: RespServerParts): Promise<RespServer> {
  const server = new RunningServer(parts);
  await server.listen();
  return server;
}

class RunningServer implements RespServer {
  readonly #parts: RespServerParts;
  readonly #core: RespServerCore;
  readonly #open = new Set<RespConnection>();
  readonly #stalls: StallWatch;
  #listener: Listener | undefined;
  #nextClient = 1;
  #admittedBytes = 0;
  #closing: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(parts: RespServerParts) {
    this.#parts = parts;
    const { objects, status, clock, settings, log } = parts;
    this.#stalls = new StallWatch(clock, settings.stallMs);
    const traffic = { connections: 0, rejectedConnections: 0, commands: 0, errors: 0, openConnections: 0 };
    const table = new CommandTable(commands);
    this.#core = {
      front: { objects, status, clock, settings, table, traffic, port: () => this.port },
      log,
      requestLimits: requestLimits(settings),
      writer: new ReplyWriter(),
      admit: (bytes) => this.#admit(bytes),
      release: (bytes) => {
        this.#admittedBytes -= bytes;
      },
      tooMuch: (command) => tooMuch(command, settings),
      onClosed: (connection) => this.#onClosed(connection),
    };
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get connections(): number {
    return this.#open.size;
  }

  async listen(): Promise<void> {
    const { network, settings } = this.#parts;
    this.#listener = await network.listen(settings.host, settings.respPort, (connection) => this.#accept(connection));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #accept(connection: Connection): void {
    const { clock, settings } = this.#parts;
    const { traffic } = this.#core.front;
    traffic.connections += 1;
    if (this.#closing !== undefined || this.#open.size >= settings.maxRespConnections) {
      traffic.rejectedConnections += 1;
      return refuse(connection, this.#closing === undefined);
    }
    const client = new Client(this.#nextClient, connection.remote, connection.local, clock.monotonicMs());
    this.#nextClient += 1;
    const opened = new RespConnection(connection, client, this.#core);
    this.#open.add(opened);
    this.#stalls.add(opened);
    traffic.openConnections = this.#open.size;
    opened.open();
  }

  #onClosed(connection: RespConnection): void {
    this.#open.delete(connection);
    this.#stalls.remove(connection);
    this.#core.front.traffic.openConnections = this.#open.size;
    if (this.#open.size === 0) this.#onEmpty?.();
  }

  async #close(): Promise<void> {
    await this.#listener?.close();
    if (this.#open.size === 0) return;
    const { clock, settings, log } = this.#parts;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    const timer = clock.after(settings.drainMs, () => {
      log.warn('resp-connections-cut', { connections: this.#open.size });
      for (const connection of this.#open) connection.destroy();
    });
    for (const connection of this.#open) connection.drain();
    await empty;
    timer.cancel();
  }

  #admit(bytes: number): boolean {
    if (this.#admittedBytes + bytes > this.#parts.settings.maxBufferedTotalBytes) return false;
    this.#admittedBytes += bytes;
    return true;
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

function requestLimits(settings: RespSettings): RequestLimits {
  return {
    maxArguments: settings.maxArguments,
    maxBulkBytes: settings.maxRespValueBytes,
    maxLineBytes: settings.maxInlineBytes,
    streamThresholdBytes: settings.streamThresholdBytes,
    pieceBytes: settings.pieceBytes,
    maxBufferedBytes: settings.maxBufferedCommandBytes,
  };
}
