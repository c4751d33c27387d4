/**
 * An instance that a test plays: it dials and says hello as told, holds chunks in a map, answers by itself unless the
 * test takes a message over, and remembers everything it was sent.
 */
import type { Connection, Network } from '@sion/components';
import { chunkKey, Manifest } from '@sion/core';
import {
  encodeFrame,
  type Hello,
  type InvocationPayload,
  LinkDecoder,
  type LinkFrame,
  type LinkKind,
  linkKinds,
  type ToNode,
  type ToProxy,
  toNodeMessages,
} from '@sion/wire';

export interface Received {
  readonly link: LinkKind;
  readonly frame: LinkFrame<ToNode>;
}

export class ScriptedInstance {
  readonly id: string;
  readonly manifest = new Manifest();
  readonly chunks = new Map<string, Uint8Array>();
  readonly connections = new Map<LinkKind, Connection>();
  readonly received: Received[] = [];
  /** Links that the proxy closed. */
  readonly closed: LinkKind[] = [];
  capacityBytes = 1 << 30;
  session = 0;
  /** Takes a message over: true = the instance itself does nothing with it. */
  takeOver: (received: Received) => boolean = () => false;
  /** Called at the proxy's END. */
  onEnd: () => void = () => {};
  readonly #network: Network;

  constructor(network: Network, id: string) {
    this.#network = network;
    this.id = id;
  }

  /** Both links say hello in the session of `invocation`, over those that stand or new ones. */
  async open(invocation: InvocationPayload): Promise<void> {
    for (const kind of linkKinds) await this.hello(kind, invocation);
  }

  async hello(kind: LinkKind, invocation: InvocationPayload, changes: Partial<Hello> = {}): Promise<void> {
    if (!this.connections.has(kind)) await this.dial(kind, invocation);
    this.session = invocation.session;
    this.send(kind, 0, {
      type: 'hello',
      protocol: 1,
      link: kind,
      node: invocation.node,
      instance: this.id,
      epoch: invocation.epoch,
      token: invocation.token,
      digest: this.manifest.digest(),
      capacityBytes: this.capacityBytes,
      ...changes,
    });
  }

  async dial(kind: LinkKind, { host, port }: { host: string; port: number }): Promise<Connection> {
    const connection = await this.#network.dial(host, port, 1000);
    this.connections.set(kind, connection);
    const decoder = new LinkDecoder<ToNode>({
      messages: toNodeMessages,
      onFrame: (frame) => this.#take(kind, frame),
    });
    connection.attach({
      onData: (bytes) => decoder.push(bytes),
      onDrain() {},
      onClose: () => {
        this.closed.push(kind);
        if (this.connections.get(kind) === connection) this.connections.delete(kind);
      },
    });
    return connection;
  }

  send(kind: LinkKind, request: number, message: ToProxy, session = this.session): void {
    this.connections.get(kind)?.write(encodeFrame({ session, request, message }));
  }

  /** Messages of one type, in order. */
  got<T extends ToNode['type']>(type: T): Extract<ToNode, { type: T }>[] {
    return this.received
      .map(({ frame }) => frame.message)
      .filter((message): message is Extract<ToNode, { type: T }> => message.type === type);
  }

  hold(id: Parameters<typeof chunkKey>[0], checksum: number, payload: Uint8Array): void {
    this.manifest.add({ id, checksum, lengthBytes: payload.length });
    this.chunks.set(chunkKey(id), payload);
  }

  #take(link: LinkKind, frame: LinkFrame<ToNode>): void {
    const received = { link, frame };
    this.received.push(received);
    if (!this.takeOver(received)) this.answer(received);
  }

  /** What an honest instance would answer. */
  answer({ link, frame }: Received): void {
    const { message, request } = frame;
    switch (message.type) {
      case 'store':
        this.hold(message.id, message.checksum, message.payload);
        return this.send(link, request, { type: 'done' });
      case 'fetch': {
        const payload = this.chunks.get(chunkKey(message.id));
        const checksum = this.manifest.get(message.id)?.checksum;
        if (payload === undefined || checksum === undefined) {
          return this.send(link, request, { type: 'failed', code: 'missing', message: 'no such chunk' });
        }
        return this.send(link, request, { type: 'chunk', checksum, payload });
      }
      case 'evict':
        for (const id of message.ids) {
          this.manifest.remove(id);
          this.chunks.delete(chunkKey(id));
        }
        return this.send(link, request, { type: 'done' });
      case 'load':
        return this.send(link, request, { type: 'failed', code: 'unavailable', message: 'no store here' });
      case 'list': {
        const all = [...this.manifest.entries()];
        const entries = all.slice(message.from, message.from + 1024);
        return this.send(link, request, { type: 'manifest', entries, more: message.from + 1024 < all.length });
      }
      case 'ping':
        return this.send(link, request, { type: 'pong', usedBytes: this.manifest.bytes });
      case 'end':
        return this.onEnd();
      case 'welcome':
      case 'refuse':
        return;
    }
  }
}
