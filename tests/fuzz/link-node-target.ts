/**
 * A node under the fuzzer: it is invoked for a session and dials a hostile proxy, which says on the two links what the
 * input holds. The session must end for a reason of its table, within its time; what the node held before, and the input
 * could not name, must be there unchanged in the honest session that follows.
 */
import {
  type Connection,
  type Listener,
  openNetwork,
  silentLog,
  systemClock,
  systemRandom,
  VirtualStore,
} from '@sion/components';
import { createNode, type Node, nodeDefaults } from '@sion/node';
import { encodeFrame, LinkDecoder, type LinkFrame, type ToNode, type ToProxy, toProxyMessages } from '@sion/wire';
import { type FuzzInput, type Material, readCorpus } from './input.ts';
import {
  chunkOf,
  epoch,
  filledIn,
  freshProxyMessage,
  linkWords,
  openingOfProxy,
  proxyMessages,
} from './link-frames.ts';
import { activeResources, awaited, Fault, type FuzzTarget, settled, UncaughtWatch } from './target.ts';

const kept = chunkOf(500, 5000);
const token = 'ab'.repeat(16);

export async function openLinkNodeTarget(): Promise<FuzzTarget> {
  const corpus = readCorpus('link-node');
  const target = new LinkNodeTarget({
    messages: [...proxyMessages, ...corpus.flatMap(({ parts }) => parts)],
    opening: openingOfProxy,
    fresh: freshProxyMessage,
    words: linkWords,
    numbers: 'binary',
  });
  await target.open();
  return target;
}

/** One link as the proxy's side sees it. */
class FarLink {
  readonly connection: Connection;
  readonly frames: LinkFrame<ToProxy>[] = [];
  isOver = false;
  fault: unknown;

  constructor(connection: Connection) {
    this.connection = connection;
    const decoder = new LinkDecoder({ messages: toProxyMessages, onFrame: (frame) => this.frames.push(frame) });
    connection.attach({
      onData: (bytes) => {
        try {
          decoder.push(bytes);
        } catch (thrown) {
          this.fault ??= thrown;
        }
      },
      onDrain() {},
      onClose: () => {
        this.isOver = true;
      },
    });
  }

  get kind(): string | undefined {
    const first = this.frames.at(0)?.message;
    return first?.type === 'hello' ? first.link : undefined;
  }

  send(session: number, request: number, message: ToNode): void {
    this.connection.write(encodeFrame({ session, request, message }));
  }
}

class LinkNodeTarget implements FuzzTarget {
  readonly material: Material;
  readonly #uncaught = new UncaughtWatch();
  readonly #sockets = activeResources()['TCPSocketWrap'] ?? 0;
  readonly #network = openNetwork();
  readonly #node: Node;
  #listener: Listener | undefined;
  #links: FarLink[] = [];
  #session = 0;

  constructor(material: Material) {
    this.material = material;
    const store = new VirtualStore({ wallMs: () => 0 });
    void store.put('object', Buffer.alloc(50_000, 7), {}, { kind: 'absent' });
    this.#node = createNode({
      ...{ clock: systemClock, random: systemRandom, network: this.#network, log: silentLog, store },
      settings: { ...nodeDefaults, capacityBytes: 1 << 20, maxPayloadBytes: 1 << 19, helloTimeoutMs: 60_000 },
    });
  }

  async open(): Promise<void> {
    this.#listener = await this.#network.listen('127.0.0.1', 0, (connection) => {
      this.#links.push(new FarLink(connection));
    });
    await this.#honest(async (ask) => {
      if ((await ask({ type: 'store', ...kept })).type !== 'done') throw new Fault('the chunk was not kept');
    });
  }

  async run(input: FuzzInput): Promise<void> {
    const ended = this.#invoke();
    await awaited('two hellos', () => this.#links.filter((link) => link.kind !== undefined).length >= 2);
    const links = [this.#link('control'), this.#link('bulk')];
    for (const { stream, bytes } of input.parts) {
      links[stream]?.connection.write([filledIn(bytes, this.#session, token)]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (input.leaving !== 'cut')
      for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
    for (const link of this.#links) {
      if (input.leaving === 'half-closed') link.connection.end();
      else link.connection.destroy();
      if (link.fault !== undefined) throw new Fault(`the node broke the protocol: ${String(link.fault)}`);
    }
    const result = await settled('the session’s end', ended);
    if (!['end', 'link-lost', 'refused', 'silence'].includes(result.ended))
      throw new Fault(`it ended with ${result.ended}`);
    await this.#expectKept();
    this.#uncaught.check();
  }

  /** In an honest session: what was kept is there, what the node lists is what it says it holds; the rest is evicted. */
  async #expectKept(): Promise<void> {
    await this.#honest(async (ask) => {
      const answer = await ask({ type: 'fetch', id: kept.id });
      if (answer.type !== 'chunk' || !kept.payload.equals(answer.payload))
        throw new Fault(`what was kept is ${answer.type}`);
      const listed = await ask({ type: 'list', from: 0 });
      if (listed.type !== 'manifest') throw new Fault(`the list is ${listed.type}`);
      const others = listed.entries.filter(({ id }) => id.counter !== kept.id.counter).map(({ id }) => id);
      for (const id of others) {
        const held = await ask({ type: 'fetch', id });
        if (held.type !== 'chunk') throw new Fault(`a listed chunk is ${held.type}`);
      }
      await ask({ type: 'evict', ids: others });
      const pong = await ask({ type: 'ping' });
      if (pong.type !== 'pong' || pong.usedBytes !== kept.payload.length)
        throw new Fault('bytes are held that nobody lists');
    });
  }

  async #honest(talk: (ask: (message: ToNode) => Promise<ToProxy>) => Promise<void>): Promise<void> {
    const ended = this.#invoke();
    await awaited('two hellos', () => this.#links.filter((link) => link.kind !== undefined).length >= 2);
    for (const link of this.#links)
      link.send(this.#session, 0, { type: 'welcome', heartbeatMs: 250, silenceMs: 60_000 });
    const control = this.#link('control');
    let number = 0;
    await talk(async (message) => {
      const request = ++number;
      control.send(this.#session, request, message);
      const find = () => control.frames.find((frame) => frame.request === request && frame.session === this.#session);
      await awaited(`an answer to ${message.type}`, () => find() !== undefined || control.isOver);
      const answer = find()?.message;
      if (answer === undefined) throw new Fault(`no answer to ${message.type}`);
      return answer;
    });
    control.send(this.#session, 0, { type: 'end' });
    const result = await settled('the session’s end', ended);
    if (result.ended !== 'end') throw new Fault(`the honest session ended with ${result.ended}`);
    for (const link of this.#links) link.connection.destroy();
    await awaited('all sockets closed', () => (activeResources()['TCPSocketWrap'] ?? 0) <= this.#sockets);
  }

  /** Invokes the node for a session of its own; links of earlier ones are gone. */
  #invoke() {
    const listener = this.#listener;
    if (listener === undefined) throw new Error('nobody listens');
    this.#links = [];
    this.#session++;
    const { host, port } = listener;
    const invocation = {
      v: 1,
      kind: 'session',
      node: 'sion-node-000',
      host,
      port,
      epoch,
      session: this.#session,
      token,
    };
    return this.#node.handle(invocation, 600_000);
  }

  #link(kind: 'control' | 'bulk'): FarLink {
    const link = this.#links.find((each) => each.kind === kind);
    if (link === undefined) throw new Fault(`there is no ${kind} link`);
    return link;
  }

  async settle(): Promise<void> {
    await this.#expectKept();
    this.#uncaught.check();
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.connection.destroy();
    await this.#listener?.close();
    this.#uncaught.close();
  }
}
