/**
 * An open session of one node: its two links, the requests that were sent and await their answers, and the heartbeat.
 * It knows no chunks and no queue. Frames of another session are dropped; an answer to a request that nobody remembers
 * too. When it is cut, everything that was sent is answered with `undefined`: whether it was done is unknown.
 */
import type { Clock, Timer } from '@sion/components';
import type { Chunk, Done, Failed, Hello, LinkFrame, LinkKind, ManifestPage, ToNode, ToProxy } from '@sion/wire';
import type { Link } from './link.ts';
import type { FleetSettings } from './settings.ts';

/** What a request is answered with; `undefined` = the session was cut first. */
export type Answer = Chunk | ManifestPage | Done | Failed | undefined;

export interface NodeSessionParts {
  readonly number: number;
  readonly clock: Clock;
  readonly settings: Pick<FleetSettings, 'heartbeatMs' | 'silenceMs' | 'requestTimeoutMs'>;
  /** The node has not been heard for too long, or takes no bytes any more. */
  readonly onSilent: (reason: string) => void;
}

/** One session of one node. */
export class NodeSession {
  readonly number: number;
  readonly #parts: NodeSessionParts;
  readonly #links = new Map<LinkKind, Link>();
  readonly #awaited = new Map<number, (answer: Answer) => void>();
  #nextRequest = 1;
  #over = false;
  #heartbeat: Timer | undefined;
  #tickMs = 0;
  #heardMs = 0;
  #heardBytes = 0;
  /** Per link: how many bytes the kernel had taken, and since when it has taken no more although some wait. */
  readonly #flushed = new Map<Link, { bytes: number; sinceMs: number }>();

  constructor(parts: NodeSessionParts) {
    this.#parts = parts;
    this.number = parts.number;
  }

  /** Requests that were sent and are not answered. */
  get awaitedCount(): number {
    return this.#awaited.size;
  }

  get isOver(): boolean {
    return this.#over;
  }

  link(kind: LinkKind): Link | undefined {
    return this.#links.get(kind);
  }

  has(link: Link): boolean {
    return link.owner !== undefined && this.#links.get(link.owner.kind) === link;
  }

  /** Takes a link whose hello was accepted: welcomes it, and starts the heartbeat with the first one. */
  attach(kind: LinkKind, link: Link): void {
    const { heartbeatMs, silenceMs } = this.#parts.settings;
    this.#links.set(kind, link);
    link.send(this.number, 0, { type: 'welcome', heartbeatMs, silenceMs });
    if (this.#heartbeat !== undefined) return;
    this.#tickMs = this.#parts.clock.monotonicMs();
    this.#heardMs = this.#tickMs;
    this.#beat();
  }

  /** Sends a request; `onAnswer` is called once. The link must be there. */
  send(kind: LinkKind, message: ToNode, onAnswer: (answer: Answer) => void): void {
    const link = this.#links.get(kind);
    if (this.#over || link === undefined) return onAnswer(undefined);
    const request = this.#nextRequest++;
    this.#awaited.set(request, onAnswer);
    link.send(this.number, request, message);
  }

  /** Sends a request over the control link and gives its answer; never rejects. */
  ask(message: ToNode): Promise<Answer> {
    return new Promise((resolve) => this.send('control', message, resolve));
  }

  /** A frame from one of this node's links. Throws what the answer's taker throws. */
  receive(frame: LinkFrame<Exclude<ToProxy, Hello>>): void {
    const { message } = frame;
    if (this.#over || frame.session !== this.number || message.type === 'pong') return;
    const onAnswer = this.#awaited.get(frame.request);
    if (onAnswer === undefined) return;
    this.#awaited.delete(frame.request);
    onAnswer(message);
  }

  /** Sends END; nothing is sent after it, and the links stay for the next session. All answers must be in. */
  end(): void {
    if (this.#over) return;
    this.#stop();
    this.#links.get('control')?.send(this.number, 0, { type: 'end' });
  }

  /** Closes the links at once. What was sent is answered with `undefined`. */
  cut(reason: string): void {
    this.#stop();
    for (const link of this.#links.values()) link.destroy(reason);
    const awaited = [...this.#awaited.values()];
    this.#awaited.clear();
    for (const onAnswer of awaited) onAnswer(undefined);
  }

  #stop(): void {
    this.#over = true;
    this.#heartbeat?.cancel();
  }

  #beat(): void {
    const { clock, settings } = this.#parts;
    this.#heartbeat = clock.after(settings.heartbeatMs, () => {
      const nowMs = clock.monotonicMs();
      const reason = this.#silence(nowMs);
      if (reason !== undefined) return this.#parts.onSilent(reason);
      for (const link of this.#links.values()) {
        link.checkFlushed();
        link.send(this.number, this.#nextRequest++, { type: 'ping' });
      }
      if (!this.#over) this.#beat();
    });
  }

  /** Why the node has to be given up, if so. */
  #silence(nowMs: number): string | undefined {
    const { heartbeatMs, silenceMs, requestTimeoutMs } = this.#parts.settings;
    // A tick that comes late means that this process stood still: what the node sent meanwhile is not read yet.
    const stoodStill = nowMs - this.#tickMs > heartbeatMs + silenceMs / 2;
    this.#tickMs = nowMs;
    let heardBytes = 0;
    let stuckMs = 0;
    for (const link of this.#links.values()) {
      heardBytes += link.receivedBytes;
      const before = this.#flushed.get(link);
      const moves = before === undefined || before.bytes !== link.flushedBytes || !link.isFlushing || stoodStill;
      if (moves) this.#flushed.set(link, { bytes: link.flushedBytes, sinceMs: nowMs });
      else stuckMs = Math.max(stuckMs, nowMs - before.sinceMs);
    }
    if (heardBytes !== this.#heardBytes || stoodStill) this.#heardMs = nowMs;
    this.#heardBytes = heardBytes;
    if (nowMs - this.#heardMs > silenceMs) return `nothing was heard for ${silenceMs} ms`;
    if (stuckMs > requestTimeoutMs) return `a link took no bytes for ${requestTimeoutMs} ms`;
    return undefined;
  }
}
