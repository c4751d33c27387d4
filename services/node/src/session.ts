/**
 * One invocation = one session: brings both links up (those that survived the freeze, or new ones), says hello on each,
 * serves what the proxy asks, and returns. It changes the memory only while it lasts.
 *
 * | it returns      | when                                                                           |
 * |-----------------|--------------------------------------------------------------------------------|
 * | `end`           | the proxy said so, and the last answer is with the kernel                      |
 * | `link-lost`     | a link broke, or was closed because of a malformed frame                       |
 * | `silence`       | nothing was heard for as long as the welcome allows, or no welcome came        |
 * | `refused`       | a hello was refused                                                            |
 * | `deadline`      | the invocation's time is nearly over                                           |
 * | `unreachable`   | a link could not be dialled                                                    |
 */
import type { Clock, Log, Network, Timer } from '@sion/components';
import {
  type InvocationPayload,
  type InvocationResult,
  type LinkKind,
  LinkProtocolError,
  linkKinds,
  linkProtocolVersion,
  type ToNode,
} from '@sion/wire';
import { answerRequest, type Holdings, type NodeRequest } from './answers.ts';
import { dialLink, type Link, type LinkListener } from './link.ts';
import type { NodeSettings } from './settings.ts';
import { SilenceWatch } from './silence.ts';

export type SessionEnding = Exclude<InvocationResult['ended'], 'warmup' | 'epoch'>;

export interface SessionParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly log: Log;
  readonly settings: NodeSettings;
  readonly holdings: Holdings;
  readonly instance: string;
  /** The links that outlive sessions; this session takes from it and leaves in it what it dialled. */
  readonly links: Map<LinkKind, Link>;
}

/** Runs a session to its end; `remainingMs` is what the invocation has left. Rejects only for defects. */
export async function runSession(
  parts: SessionParts,
  invocation: InvocationPayload,
  remainingMs: number,
): Promise<SessionEnding> {
  const budgetMs = remainingMs - parts.settings.deadlineMarginMs;
  return budgetMs <= 0 ? 'deadline' : new Session(parts, invocation).run(budgetMs);
}

type Greeting = 'welcomed' | 'lost' | 'unanswered';

class Session implements LinkListener {
  readonly #parts: SessionParts;
  readonly #invocation: InvocationPayload;
  readonly #silence: SilenceWatch;
  readonly #ended = Promise.withResolvers<SessionEnding>();
  /** Links whose hello is unanswered. */
  readonly #greetings = new Map<Link, (greeting: Greeting) => void>();
  readonly #timers: Timer[] = [];
  #over = false;
  #ending = false;
  /** Requests that are not answered yet. */
  #pending = 0;

  constructor(parts: SessionParts, invocation: InvocationPayload) {
    this.#parts = parts;
    this.#invocation = invocation;
    this.#silence = new SilenceWatch(parts.clock, () => this.#finish('silence'));
  }

  run(budgetMs: number): Promise<SessionEnding> {
    this.#timers.push(this.#parts.clock.after(budgetMs, () => this.#finish('deadline')));
    for (const kind of linkKinds) this.#open(kind).catch((thrown: unknown) => this.#fail(thrown));
    return this.#ended.promise;
  }

  onActivity(): void {
    this.#silence.heard();
  }

  onMessage(link: Link, request: number, message: ToNode): void {
    const greeting = this.#greetings.get(link);
    switch (message.type) {
      case 'welcome':
        if (greeting === undefined) return link.fault(new LinkProtocolError('type', 'a second welcome'));
        this.#greetings.delete(link);
        this.#silence.start(message.silenceMs);
        return greeting('welcomed');
      case 'refuse':
        this.#parts.log.warn('hello-refused', { link: link.kind, code: message.code, reason: message.reason });
        return this.#finish('refused');
      case 'end':
        this.#ending = true;
        return this.#endWhenAnswered();
      default:
        if (greeting !== undefined) return link.fault(new LinkProtocolError('type', `${message.type} before welcome`));
        return this.#serve(link, request, message);
    }
  }

  onLost(link: Link): void {
    const greeting = this.#greetings.get(link);
    if (greeting === undefined) this.#finish('link-lost');
    else greeting('lost');
  }

  /** Brings one link up. A link that survived may turn out to be dead: then one new one is dialled. */
  async #open(kind: LinkKind): Promise<void> {
    const kept = this.#takeKept(kind);
    if (kept !== undefined) {
      const greeting = await this.#greet(kept);
      if (this.#over || greeting === 'welcomed') return;
      kept.close();
    }
    const link = await this.#dial(kind);
    if (link === undefined) return this.#finish('unreachable');
    if (this.#over) return link.close();
    this.#parts.links.set(kind, link);
    const greeting = await this.#greet(link);
    if (greeting !== 'welcomed') this.#finish(greeting === 'lost' ? 'link-lost' : 'silence');
  }

  /** The link of this kind that is still good for the invocation's target. */
  #takeKept(kind: LinkKind): Link | undefined {
    const { links, settings } = this.#parts;
    const link = links.get(kind);
    if (link === undefined) return undefined;
    const { host, port, epoch } = this.#invocation;
    const { target } = link;
    const same = target.host === host && target.port === port && target.epoch === epoch;
    if (link.open && same && link.idleMs <= settings.maxLinkIdleMs) return link;
    link.close();
    links.delete(kind);
    return undefined;
  }

  async #dial(kind: LinkKind): Promise<Link | undefined> {
    const { settings } = this.#parts;
    const { host, port, epoch } = this.#invocation;
    const { memory } = this.#parts.holdings;
    const allocatePayload = (lengthBytes: number) => memory.allocate(lengthBytes);
    try {
      return await dialLink(this.#parts, kind, { host, port, epoch }, { ...settings, allocatePayload });
    } catch (error) {
      this.#parts.log.warn('proxy-unreachable', { link: kind, host, port, error });
      return undefined;
    }
  }

  async #greet(link: Link): Promise<Greeting> {
    const { clock, settings, instance, holdings } = this.#parts;
    const { node, epoch, token, session } = this.#invocation;
    const { promise, resolve } = Promise.withResolvers<Greeting>();
    this.#greetings.set(link, resolve);
    const timer = clock.after(settings.helloTimeoutMs, () => resolve('unanswered'));
    link.attach(session, this);
    link.send(0, {
      type: 'hello',
      protocol: linkProtocolVersion,
      link: link.kind,
      node,
      instance,
      epoch,
      token,
      digest: holdings.memory.digest(),
      capacityBytes: holdings.memory.capacityBytes,
    });
    const greeting = await promise;
    timer.cancel();
    this.#greetings.delete(link);
    return greeting;
  }

  #serve(link: Link, request: number, message: NodeRequest): void {
    const answer = answerRequest(this.#parts.holdings, message);
    if (!(answer instanceof Promise)) {
      const onTaken = answer.type === 'chunk' ? this.#parts.holdings.memory.lend(answer.payload) : undefined;
      return link.send(request, answer, onTaken);
    }
    this.#pending += 1;
    const settle = async () => {
      const late = await answer;
      if (this.#over) return;
      this.#pending -= 1;
      link.send(request, late);
      this.#endWhenAnswered();
    };
    settle().catch((thrown: unknown) => this.#fail(thrown));
  }

  /** Frozen right away, a process would keep what is not yet with the kernel: so wait for that, in short steps. */
  #endWhenAnswered(): void {
    if (this.#over || !this.#ending || this.#pending > 0) return;
    const links = [...this.#parts.links.values()];
    if (links.every((link) => link.settled)) return this.#finish('end');
    this.#timers.push(this.#parts.clock.after(1, () => this.#endWhenAnswered()));
  }

  #finish(ending: SessionEnding): void {
    if (this.#over) return;
    // A proxy that refused this session or fell silent in it has no more use for its links.
    this.#conclude(ending === 'refused' || ending === 'silence');
    this.#ended.resolve(ending);
  }

  /** A defect, or an invocation with fields that no hello can carry: the invocation fails. */
  #fail(thrown: unknown): void {
    if (this.#over) return;
    this.#conclude(true);
    this.#ended.reject(thrown);
  }

  /** Nothing of this session touches links, memory or clock any more. */
  #conclude(closeLinks: boolean): void {
    this.#over = true;
    this.#silence.stop();
    for (const timer of this.#timers) timer.cancel();
    this.#parts.holdings.loader.cancelAll();
    for (const [kind, link] of this.#parts.links) {
      if (closeLinks) link.close();
      else link.detach();
      if (!link.open) this.#parts.links.delete(kind);
    }
    for (const greeting of this.#greetings.values()) greeting('lost');
  }
}
