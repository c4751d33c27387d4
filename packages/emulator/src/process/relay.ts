/**
 * The network of one instance: every connection that it makes goes through here, and every byte of the files that it reads
 * is paid for here, at the pace of the instance's bucket. A frozen sandbox takes no bytes, while the kernel of a stopped
 * process would go on taking them; so the relay stops reading with the freeze.
 *
 * What runs in the instance (`bootstrap/network-main.ts`) holds one connection to it, in lines of text:
 *
 *     hello  = secret LF                                first, or the connection is closed
 *     open   = "open" SP id SP port SP host LF          answered by: "open" SP id SP port LF   connect there, once
 *                                                                or: "fail" SP id SP code LF   as the dial failed
 *     drop   = "drop" SP port LF                        nobody will connect there any more
 *     take   = "take" SP id SP bytes LF                 answered by: "took" SP id LF           when they have passed
 *
 * The relay dials first, so that a refused or unanswered dial is one for the instance too.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Clock } from '@sion/components';
import { NetworkBucket, type NetworkFigures } from '../model/network-bucket.ts';
import { listenOnLoopback } from '../server/http.ts';
import { RelayedConnection } from './relayed-connection.ts';
import { Throttle } from './throttle.ts';

export interface RelayOptions {
  readonly figures: NetworkFigures;
  readonly clock: Clock;
  /** Known to the instance alone. */
  readonly secret: string;
}

/** Bytes since the instance began. */
export interface CarriedBytes {
  /** Over connections, towards the instance and away from it. */
  in: number;
  out: number;
  /** Read from files. */
  files: number;
}

export class Relay {
  readonly carried: CarriedBytes = { in: 0, out: 0, files: 0 };
  readonly #throttle: Throttle;
  readonly #secret: string;
  readonly #server: Server;
  readonly #connections = new Set<RelayedConnection>();
  /** By port: dialled for the instance, which has not come for it yet. */
  readonly #doors = new Map<number, { readonly server: Server; readonly peer: Socket }>();
  readonly #sockets = new Set<Socket>();

  constructor({ figures, clock, secret }: RelayOptions) {
    this.#throttle = new Throttle(new NetworkBucket(figures), clock);
    this.#secret = secret;
    this.#server = createServer((socket) => this.#greet(socket));
  }

  /** Listens; gives what an instance needs to know to come here: `host:port:secret`. */
  async listen(): Promise<string> {
    return `127.0.0.1:${await listenOnLoopback(this.#server, 0)}:${this.#secret}`;
  }

  /** Another bucket, and a full one; what waits for the old one keeps its time. */
  limit(figures: NetworkFigures): void {
    this.#throttle.bucket = new NetworkBucket(figures);
  }

  /** From now on nothing is taken from any connection. */
  freeze(): void {
    this.#throttle.freeze();
    for (const connection of this.#connections) connection.freeze();
  }

  thaw(): void {
    this.#throttle.thaw();
    for (const connection of this.#connections) connection.thaw();
  }

  /** The instance is gone, and its connections with it. */
  async close(): Promise<void> {
    this.#throttle.close();
    for (const socket of this.#sockets) socket.destroy();
    for (const { server } of this.#doors.values()) server.close();
    this.#doors.clear();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #greet(socket: Socket): void {
    this.#own(socket);
    let isKnown = false;
    createInterface({ input: socket }).on('line', (line) => {
      if (isKnown) this.#obey(socket, line);
      else if (line === this.#secret) isKnown = true;
      else socket.destroy();
    });
  }

  #obey(socket: Socket, line: string): void {
    const [word, first = '', second = '', host = ''] = line.split(' ');
    if (word === 'open') this.#open(socket, first, Number(second), host);
    else if (word === 'drop') this.#drop(Number(first));
    else if (word === 'take') {
      this.carried.files += Number(second);
      void this.#take(Number(second)).then(() => socket.write(`took ${first}\n`));
    }
  }

  /** Piece by piece, so that a long read does not keep everything else waiting, as it does not on a real network. */
  async #take(bytes: number): Promise<void> {
    const { sliceBytes } = this.#throttle;
    for (let left = bytes; left > 0; left -= sliceBytes) {
      await new Promise<void>((resolve) => this.#throttle.pass(Math.min(left, sliceBytes), resolve));
    }
  }

  #open(control: Socket, id: string, port: number, host: string): void {
    const peer = this.#own(connect({ host, port, allowHalfOpen: true, noDelay: true }));
    peer.pause();
    const fail = (error: NodeJS.ErrnoException) => {
      control.write(`fail ${id} ${error.code ?? 'ECONNRESET'}\n`);
    };
    peer.once('error', fail);
    peer.once('connect', () => {
      peer.removeListener('error', fail);
      // Until the instance has come, its peer's going is kept for it.
      peer.on('error', () => {});
      this.#openDoor(peer).then(
        (door) => control.write(`open ${id} ${door}\n`),
        () => peer.destroy(),
      );
    });
  }

  /** Listens for the one connection that the instance makes to be joined with its peer; gives the port. */
  async #openDoor(peer: Socket): Promise<number> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    const port = await listenOnLoopback(server, 0);
    this.#doors.set(port, { server, peer });
    server.once('connection', (instance: Socket) => {
      this.#doors.delete(port);
      server.close();
      this.#join(this.#own(instance), peer);
    });
    return port;
  }

  #drop(port: number): void {
    const door = this.#doors.get(port);
    this.#doors.delete(port);
    door?.server.close();
    door?.peer.destroy();
  }

  #join(instance: Socket, peer: Socket): void {
    if (peer.destroyed) return void instance.resetAndDestroy();
    const { carried } = this;
    const connection = new RelayedConnection(instance, peer, this.#throttle, {
      in: (bytes) => {
        carried.in += bytes;
      },
      out: (bytes) => {
        carried.out += bytes;
      },
    });
    this.#connections.add(connection);
    instance.once('close', () => this.#connections.delete(connection));
  }

  #own(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    return socket;
  }
}
