/**
 * The network of a simulated world: listeners, and connections between processes. Ordered and reliable as TCP is, with
 * latency, a bandwidth, a receive window, pieces cut anywhere; and with what TCP does not promise: connections that are
 * reset, that fall silent for good (half-open), that are slow.
 *
 * Sockets are the kernel's: they go on while their process is paused, and end when it dies.
 */
import { SionError } from '@sion/wire';
import type { Connection, Listener, Network } from '../network.ts';
import { connect, type VirtualConnection, type VirtualLink } from './virtual-connection.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** What the network does, drawn anew each time. */
export interface NetworkWeather {
  /** One way. */
  latencyMs(): number;
  /** Of a connection, each way, for its whole life. */
  bytesPerMs(): number;
  /** The longest piece that a reader gets next. */
  pieceBytes(): number;
  /** What comes of dialling somebody who listens; `silence` = no answer until the time is over. */
  dialling(): 'connected' | 'refused' | 'silence';
  /** Whether the peers of a process that died hear of it. */
  mourning(): 'reset' | 'silence';
}

interface Listening {
  readonly process: VirtualProcess;
  readonly accept: (connection: Connection) => void;
}

export class VirtualNetwork {
  readonly #weather: NetworkWeather;
  /** By `host:port`. */
  readonly #listening = new Map<string, Listening>();
  readonly #links = new Set<VirtualLink>();
  #lastPort = 40_000;
  /** Told when something was written: so many bytes are now on their way to `reader` over that connection. */
  onWritten: (reader: VirtualProcess, bytes: number) => void = () => {};

  constructor(weather: NetworkWeather) {
    this.#weather = weather;
  }

  /** Connections that are up, oldest first. */
  get links(): readonly VirtualLink[] {
    return [...this.#links];
  }

  /** The most bytes that are on their way to this process over one connection. */
  bytesUnderWayTo(process: VirtualProcess): number {
    let most = 0;
    for (const { near, far } of this.#links) {
      if (near.process === process) most = Math.max(most, far.bytesUnderWay);
      if (far.process === process) most = Math.max(most, near.bytesUnderWay);
    }
    return most;
  }

  /** The network as one process sees it. A host is any name. */
  of(process: VirtualProcess): Network {
    return {
      listen: (host, port, accept) => process.answer(this.#listen(process, host, port, accept)),
      dial: (host, port, timeoutMs) => this.#dial(process, host, port, timeoutMs),
    };
  }

  async #listen(
    process: VirtualProcess,
    host: string,
    port: number,
    accept: (connection: Connection) => void,
  ): Promise<Listener> {
    const own = port === 0 ? ++this.#lastPort : port;
    const address = `${host}:${own}`;
    if (this.#listening.has(address)) {
      throw new SionError('unavailable', `Cannot listen on ${address}: EADDRINUSE. Choose another port.`);
    }
    const listening = { process, accept };
    this.#listening.set(address, listening);
    const stop = () => {
      if (this.#listening.get(address) === listening) this.#listening.delete(address);
    };
    const forget = process.whenDead(stop);
    const close = async () => {
      forget();
      stop();
    };
    return { host, port: own, close };
  }

  #dial(process: VirtualProcess, host: string, port: number, timeoutMs: number): Promise<Connection> {
    const weather = this.#weather;
    return new Promise((resolve, reject) => {
      let over = false;
      const fail = (why: string) => {
        if (!over) reject(new SionError('unavailable', `Cannot connect to ${host}:${port}: ${why}.`));
        over = true;
      };
      process.soon(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`));
      process.time.after(weather.latencyMs(), () => {
        const listening = this.#listening.get(`${host}:${port}`);
        const fate = listening === undefined ? 'refused' : weather.dialling();
        if (fate === 'silence' || process.state === 'dead' || over) return;
        if (fate === 'refused' || listening === undefined) {
          return process.soon(weather.latencyMs(), () => fail('ECONNREFUSED'));
        }
        const near = this.#connect(process, listening.process, `${host}:${port}`);
        listening.process.soon(0, () => listening.accept(near.far));
        process.soon(weather.latencyMs(), () => {
          if (over) return near.destroy();
          over = true;
          resolve(near);
        });
      });
    });
  }

  #connect(
    dialler: VirtualProcess,
    listener: VirtualProcess,
    address: string,
  ): VirtualConnection & { readonly far: Connection } {
    const link = connect({
      ...{ dialler, listener, address, weather: this.#weather },
      dialled: `10.0.0.1:${++this.#lastPort}`,
      onOver: () => this.#links.delete(link),
      onWritten: (reader, bytes) => this.onWritten(reader, bytes),
    });
    this.#links.add(link);
    return Object.assign(link.near, { far: link.far });
  }
}
