/**
 * Where instances dial in. It listens, bounds the connections that have not said hello, and judges every hello: protocol,
 * node, epoch, session, token. A hello that passes goes to its node; one that does not is refused with the reason and
 * costs its own connection only. It knows nothing of requests.
 */
import {
  type Clock,
  type Connection,
  type Listener,
  type Log,
  type Network,
  ReusedMemory,
  type Timer,
} from '@sion/components';
import { type Hello, type LinkFrame, linkProtocolVersion, type RefusalCode, type ToProxy } from '@sion/wire';
import { Link, type LinkListener } from './link.ts';
import type { FleetNode } from './node.ts';
import type { FleetSettings } from './settings.ts';
import type { Tokens } from './tokens.ts';

export interface LinkServerParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly log: Log;
  readonly settings: FleetSettings;
  readonly epoch: number;
  readonly tokens: Tokens;
  readonly nodeNamed: (functionName: string) => FleetNode | undefined;
  readonly nodeAt: (index: number) => FleetNode | undefined;
}

const refusals: Readonly<Record<Exclude<RefusalCode, 'protocol' | 'closed'>, string>> = {
  node: 'no such node, or this link belongs to another one',
  epoch: 'another proxy, of another epoch, opened that session',
  session: 'that session is not open',
  token: 'the token is wrong, used up or expired',
};

/** Of payload memory that is kept to be used again: a few large reads' worth. */
const maxIdlePayloadBytes = 64 * 1024 * 1024;

/** Closed strangers are logged together, this often. */
const crowdLogMs = 1000;

/** The listener and its links. */
export class LinkServer implements LinkListener {
  /** Where what comes in over all links is put. */
  readonly payloads = new ReusedMemory(maxIdlePayloadBytes);
  readonly #parts: LinkServerParts;
  readonly #links = new Set<Link>();
  readonly #helloTimers = new Map<Link, Timer>();
  /** Links that have not said an acceptable hello and whose sockets are still there. */
  readonly #strangers = new Set<Link>();
  /** Strangers that were closed for others, since that was last logged. */
  #crowdedOut = 0;
  #crowdTimer: Timer | undefined;
  #listener: Listener | undefined;
  #closing = false;

  constructor(parts: LinkServerParts) {
    this.#parts = parts;
  }

  /** Links that belong to a node. */
  get linkCount(): number {
    let count = 0;
    for (const link of this.#links) if (link.owner !== undefined) count++;
    return count;
  }

  /** Starts to listen; gives the port. Rejects when the address is taken. */
  async listen(): Promise<Listener> {
    const { network, settings } = this.#parts;
    this.#listener = await network.listen(settings.linkHost, settings.linkPort, (connection) =>
      this.#accept(connection),
    );
    return this.#listener;
  }

  /** From now on hellos are refused as `closed`. */
  refuseHellos(): void {
    this.#closing = true;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#crowdTimer?.cancel();
    await this.#listener?.close();
    for (const link of [...this.#links]) link.destroy('the proxy is closing');
  }

  onHello(link: Link, session: number, hello: Hello): void {
    const { code, node } = this.#judge(link, session, hello);
    if (code === undefined && node !== undefined) {
      this.#helloTimers.get(link)?.cancel();
      this.#helloTimers.delete(link);
      node.takeHello(link, hello);
      if (link.owner !== undefined) this.#strangers.delete(link);
      return;
    }
    this.#refuse(link, session, code ?? 'node', hello);
  }

  onFrame(link: Link, frame: LinkFrame<Exclude<ToProxy, Hello>>): void {
    this.#ownerOf(link)?.takeFrame(frame);
  }

  onWritable(link: Link): void {
    this.#ownerOf(link)?.linkWritable();
  }

  onClosed(link: Link, reason: string): void {
    this.#links.delete(link);
    this.#helloTimers.get(link)?.cancel();
    this.#helloTimers.delete(link);
    if (link.owner === undefined) this.#parts.log.debug('connection-closed', { remote: link.remote, reason });
    this.#ownerOf(link)?.linkClosed(link, reason);
  }

  #accept(connection: Connection): void {
    const { clock, settings } = this.#parts;
    if (this.#closing) {
      connection.attach({ onData() {}, onDrain() {}, onClose() {} });
      return connection.destroy();
    }
    if (this.#strangers.size >= settings.maxPendingLinks) this.#closeOldestStranger();
    const { maxChunkBytes } = settings;
    const { payloads } = this;
    const link = new Link(connection, {
      maxChunkBytes,
      payloads,
      listener: this,
      onGone: () => this.#strangers.delete(link),
    });
    this.#strangers.add(link);
    this.#links.add(link);
    const timer = clock.after(settings.helloTimeoutMs, () =>
      link.destroy(`no hello within ${settings.helloTimeoutMs} ms`),
    );
    this.#helloTimers.set(link, timer);
  }

  /** A real instance says hello at once: it is the one that has been silent for longest that can be spared. */
  #closeOldestStranger(): void {
    const [oldest] = this.#strangers;
    if (oldest === undefined) return;
    const { clock, log, settings } = this.#parts;
    this.#strangers.delete(oldest);
    this.#crowdedOut++;
    oldest.destroy(`more than ${settings.maxPendingLinks} connections have not said hello`);
    // Not a line for each: whoever dials so often could fill a disk with them.
    if (this.#crowdTimer !== undefined) return;
    this.#crowdTimer = clock.after(crowdLogMs, () => {
      log.warn('connections-without-hello', { closed: this.#crowdedOut, limit: settings.maxPendingLinks });
      this.#crowdTimer = undefined;
      this.#crowdedOut = 0;
    });
  }

  #judge(link: Link, session: number, hello: Hello): { readonly code?: RefusalCode; readonly node?: FleetNode } {
    if (hello.protocol !== linkProtocolVersion) return { code: 'protocol' };
    if (this.#closing) return { code: 'closed' };
    const node = this.#parts.nodeNamed(hello.node);
    const owner = link.owner;
    if (node === undefined) return { code: 'node' };
    if (owner !== undefined && (owner.node !== node.index || owner.kind !== hello.link)) return { code: 'node' };
    const { epoch, token } = hello;
    const verdict = this.#parts.tokens.redeem({ node: node.index, epoch, session, link: hello.link, token });
    return verdict === 'accepted' ? { node } : { code: verdict };
  }

  #refuse(link: Link, session: number, code: RefusalCode, hello: Hello): void {
    const reason =
      code === 'protocol'
        ? `protocol version ${hello.protocol}, this side speaks ${linkProtocolVersion}`
        : code === 'closed'
          ? 'the proxy is closing'
          : refusals[code];
    this.#parts.log.warn('hello-refused', {
      remote: link.remote,
      node: hello.node,
      session,
      link: hello.link,
      code,
      reason,
    });
    link.refuse(session, code, reason);
  }

  #ownerOf(link: Link): FleetNode | undefined {
    return link.owner === undefined ? undefined : this.#parts.nodeAt(link.owner.node);
  }
}
