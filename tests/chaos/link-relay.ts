/**
 * Stands between the functions and the proxy, so that their links can be cut, or be open and dead. Every link is carried
 * byte by byte, in order; nothing is ever changed on the way.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

interface Carried {
  readonly fromNode: Socket;
  readonly toProxy: Socket;
}

export class LinkRelay {
  readonly port: number;
  readonly #server: Server;
  readonly #links = new Set<Carried>();
  #isStalled = false;

  private constructor(server: Server, port: number, linkPort: number) {
    this.#server = server;
    this.port = port;
    server.on('connection', (fromNode) => this.#carry(fromNode, linkPort));
  }

  /** Listens on any free port and carries to `linkPort`. */
  static async open(linkPort: number): Promise<LinkRelay> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return new LinkRelay(server, typeof address === 'object' && address !== null ? address.port : 0, linkPort);
  }

  /** Cuts links, of those that there are the share that is given; says how many. */
  cut(share: number): number {
    const count = Math.ceil(this.#links.size * share);
    for (const { fromNode, toProxy } of [...this.#links].slice(0, count)) {
      fromNode.destroy();
      toProxy.destroy();
    }
    return count;
  }

  /** From now on nothing is carried, and nothing is told. */
  stall(): void {
    if (this.#isStalled) return;
    this.#isStalled = true;
    for (const link of this.#links) this.#apply(link);
  }

  /** Carries again, beginning with what came meanwhile. */
  resume(): void {
    if (!this.#isStalled) return;
    this.#isStalled = false;
    for (const link of this.#links) this.#apply(link);
  }

  async close(): Promise<void> {
    this.cut(1);
    this.#server.close();
    await once(this.#server, 'close');
  }

  #carry(fromNode: Socket, linkPort: number): void {
    const toProxy = connect({ port: linkPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    fromNode.setNoDelay(true);
    const link = { fromNode, toProxy };
    this.#links.add(link);
    const end = () => {
      this.#links.delete(link);
      fromNode.destroy();
      toProxy.destroy();
    };
    for (const socket of [fromNode, toProxy]) {
      socket.on('error', end);
      socket.on('close', end);
    }
    this.#apply(link);
  }

  #apply({ fromNode, toProxy }: Carried): void {
    if (this.#isStalled) {
      fromNode.unpipe(toProxy);
      toProxy.unpipe(fromNode);
      fromNode.pause();
      toProxy.pause();
    } else {
      fromNode.pipe(toProxy);
      toProxy.pipe(fromNode);
    }
  }
}
