/** The proxy's end of links as a test plays it, over real loopback sockets and the real codec. */
import { type Connection, type Listener, openNetwork } from '@sion/components';
import {
  encodeFrame,
  type Hello,
  LinkDecoder,
  type LinkFrame,
  type LinkKind,
  type ToNode,
  type ToProxy,
  toProxyMessages,
} from '@sion/wire';

/** Items in order, for one reader that waits. */
class Queue<T> {
  readonly #items: T[] = [];
  readonly #waiting: ((item: T) => void)[] = [];

  put(item: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#items.push(item);
    else waiting(item);
  }

  take(): Promise<T> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get size(): number {
    return this.#items.length;
  }
}

/** One link that the node has dialled. */
export class ScriptedLink {
  readonly connection: Connection;
  readonly frames = new Queue<LinkFrame<ToProxy>>();
  readonly closed: Promise<void>;

  constructor(connection: Connection) {
    this.connection = connection;
    const decoder = new LinkDecoder({ messages: toProxyMessages, onFrame: (frame) => this.frames.put(frame) });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    connection.attach({ onData: (bytes) => decoder.push(bytes), onDrain: () => {}, onClose: () => resolve() });
  }

  send(session: number, request: number, message: ToNode): void {
    this.connection.write(encodeFrame({ session, request, message }));
  }

  /** The next frame, which must be a hello. */
  async hello(): Promise<LinkFrame<Hello>> {
    const { session, request, message } = await this.frames.take();
    if (message.type !== 'hello') throw new Error(`${message.type} where a hello was awaited`);
    return { session, request, message };
  }

  /** Takes the hello and welcomes it. */
  async welcome(timing = { heartbeatMs: 250, silenceMs: 60_000 }): Promise<LinkFrame<Hello>> {
    const frame = await this.hello();
    this.send(frame.session, 0, { type: 'welcome', ...timing });
    return frame;
  }

  /** Sends a request and gives the next frame's message, which must be its answer. */
  async ask(session: number, request: number, message: ToNode): Promise<ToProxy> {
    this.send(session, request, message);
    const answer = await this.frames.take();
    if (answer.request !== request || answer.session !== session) {
      throw new Error(`an answer to ${answer.session}/${answer.request}, not to ${session}/${request}`);
    }
    return answer.message;
  }
}

export class ScriptedProxy {
  readonly #listener: Listener;
  readonly #accepted: Queue<ScriptedLink>;
  readonly #links: ScriptedLink[];

  private constructor(listener: Listener, accepted: Queue<ScriptedLink>, links: ScriptedLink[]) {
    this.#listener = listener;
    this.#accepted = accepted;
    this.#links = links;
  }

  static async start(): Promise<ScriptedProxy> {
    const accepted = new Queue<ScriptedLink>();
    const links: ScriptedLink[] = [];
    const listener = await openNetwork().listen('127.0.0.1', 0, (connection) => {
      const link = new ScriptedLink(connection);
      links.push(link);
      accepted.put(link);
    });
    return new ScriptedProxy(listener, accepted, links);
  }

  get host(): string {
    return this.#listener.host;
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Links dialled so far. */
  get dialled(): number {
    return this.#links.length;
  }

  accept(): Promise<ScriptedLink> {
    return this.#accepted.take();
  }

  /** Accepts two new links and welcomes both; by kind, for hellos come in any order. */
  async open(timing?: { heartbeatMs: number; silenceMs: number }): Promise<Record<LinkKind, ScriptedLink>> {
    const links = await Promise.all([this.accept(), this.accept()]);
    const hellos = await Promise.all(links.map((link) => link.welcome(timing)));
    const find = (kind: LinkKind) => links.find((_link, index) => hellos[index]?.message.link === kind);
    const [control, bulk] = [find('control'), find('bulk')];
    if (control === undefined || bulk === undefined) throw new Error('two links of the same kind');
    return { control, bulk };
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.connection.destroy();
    await this.#listener.close();
  }
}
