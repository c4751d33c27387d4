/**
 * One node as the proxy sees it: its session's lifecycle (the table in `@sion/core`'s `session.ts`, carried out here),
 * its links, its requests and its holdings. Everything that happens to it becomes an event of that table; nothing here
 * decides a transition by itself. It never has more than one invocation under way, and sends no request before what the
 * node holds is reconciled.
 *
 * It is long because each event and each action of that table is handled here, and nowhere else.
 */
import type { Clock, Log } from '@sion/components';
import {
  type ChunkId,
  type ManifestEntry,
  type SessionAction,
  type SessionEvent,
  type SessionPhase,
  stepSession,
} from '@sion/core';
import { type Hello, type InvocationPayload, type LinkFrame, type LinkKind, linkKinds, type ToProxy } from '@sion/wire';
import { Doubt } from './doubt.ts';
import type { InvocationCause, NodeIdle, NodeIndex, NodeRequestOptions, NodeStatus } from './fleet.ts';
import { Holdings } from './holdings.ts';
import { readInvocationResult } from './invocation-result.ts';
import type { InvocationEnd, Invoker } from './invoker.ts';
import { Linger } from './linger.ts';
import type { Link } from './link.ts';
import { NodeInvocation } from './node-invocation.ts';
import { NodeQueue, type QueueLoad } from './node-queue.ts';
import { NodeSession } from './node-session.ts';
import { NodeTimers } from './node-timers.ts';
import { loseAll, reconcile, tellEvictions } from './reconcile.ts';
import type { NodeWork, WorkReply } from './request.ts';
import type { FleetSettings } from './settings.ts';
import type { Tokens } from './tokens.ts';

/** After so many failures in a row requests no longer wait for the next attempt. */
const patientFailures = 1;

export interface FleetNodeParts {
  readonly index: NodeIndex;
  readonly functionName: string;
  readonly epoch: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: FleetSettings;
  readonly tokens: Tokens;
  readonly invoker: Invoker;
  /** Where instances reach the proxy. */
  readonly address: { readonly host: string; readonly port: number };
  readonly onLost: (node: NodeIndex, lost: readonly ManifestEntry[]) => void;
  /** Whether it is to be left alone while no request wants it. */
  readonly isSaving: () => boolean;
}

/** One node of the fleet. */
export class FleetNode {
  readonly index: NodeIndex;
  readonly functionName: string;
  readonly holdings: Holdings;
  readonly #parts: FleetNodeParts;
  readonly #log: Log;
  readonly #queue: NodeQueue;
  readonly #timers: NodeTimers;
  readonly #linger: Linger;
  readonly #invocation: NodeInvocation;
  readonly #doubt: Doubt;
  /** The latest accepted link of each kind; between sessions they await the next hello. */
  readonly #links = new Map<LinkKind, Link>();
  #phase: SessionPhase = 'idle';
  #session: NodeSession | undefined;
  #sessionNumber = 0;
  #sessionInstance: string | undefined;
  /** The hello that is being taken, for the table's actions. */
  #arriving: { readonly link: Link; readonly hello: Hello } | undefined;
  #lastEnd: InvocationEnd = { event: 'returned' };
  /** Reconciled: requests may be sent. */
  #ready = false;
  #telling = false;
  #refusing = false;
  #stopping = false;
  #failures = 0;
  #instance: string | undefined;
  #capacityBytes: number;
  #losses = 0;
  #warmUpCause: InvocationCause = 'warmup';
  #idle: NodeIdle;

  constructor(parts: FleetNodeParts) {
    const { clock, settings } = parts;
    this.#parts = parts;
    this.index = parts.index;
    this.functionName = parts.functionName;
    this.#log = parts.log.child({ node: parts.functionName });
    this.#capacityBytes = settings.assumedCapacityBytes;
    this.#idle = { activeMs: clock.monotonicMs(), wasWarmUp: false };
    this.#timers = new NodeTimers(clock);
    this.#linger = new Linger(clock, settings);
    this.#doubt = new Doubt({ baseMs: settings.backoffBaseMs, maxMs: settings.backoffMaxMs });
    this.#invocation = new NodeInvocation({ ...parts, onEnded: (end, kind) => this.#ended(end, kind) });
    this.holdings = new Holdings(settings.maxEvictionsPerNode);
    this.#queue = new NodeQueue({
      clock,
      settings,
      holdings: this.holdings,
      onLost: (entry) => this.#lose([entry]),
      onProgress: () => this.#progress(),
    });
  }

  get capacityBytes(): number {
    return this.#capacityBytes;
  }

  /** False while it awaits the return of an invocation that is of no use, or the next attempt after a failure. */
  get isFit(): boolean {
    return !this.#stopping && !this.#refusing && this.#phase !== 'severed' && this.#phase !== 'backoff';
  }

  /** When its last session or invocation ended; undefined while it is not idle. */
  get idleSince(): NodeIdle | undefined {
    return this.#phase === 'idle' && !this.#stopping ? this.#idle : undefined;
  }

  /** What waits or is under way in the queue of chunks of this length. */
  load(lengthBytes: number): QueueLoad {
    return this.#queue.load(lengthBytes);
  }

  isBusy(lengthBytes: number): boolean {
    return this.#queue.isBusy(lengthBytes);
  }

  isFetching(id: ChunkId): boolean {
    return this.#queue.isFetching(id);
  }

  /** False while its queue is full, or it holds as many chunks as a node may. */
  get takesChunks(): boolean {
    return !this.#queue.isFull && this.holdings.manifest.count < this.#parts.settings.maxChunksPerNode;
  }

  /** What is to be evicted here is found when its next session opens. */
  release(): void {
    this.holdings.forgetEvictions();
  }

  /** Carries a request out, waking the node if need be. Never rejects. */
  async request(work: NodeWork, lengthBytes: number, options: NodeRequestOptions): Promise<WorkReply> {
    if (this.#stopping) return { kind: 'refused', refusal: 'closed' };
    if (this.#refusing) return { kind: 'refused', refusal: 'unavailable' };
    const admission = this.#queue.admit(work, lengthBytes, options);
    if (admission.kind === 'refused') return admission;
    if (this.#phase === 'open') this.#progress();
    else this.#step('wanted');
    return admission.reply;
  }

  evict(ids: readonly ChunkId[]): void {
    for (const id of ids) this.holdings.evict(id);
    if (this.#stopping) return;
    // Those of one turn are told together.
    if (this.#phase === 'open' && this.#ready) queueMicrotask(() => this.#progress());
    else if (this.#mustTell()) this.#step('wanted');
  }

  /** Touches the instance; resolves when that has ended, at once when the node is awake anyway. */
  async warm(cause: InvocationCause = 'warmup'): Promise<void> {
    if (this.#stopping || this.#phase !== 'idle') return;
    this.#warmUpCause = cause;
    this.#step('warm-wanted');
    await this.#invocation.ended();
  }

  /** Ends the session; resolves when no invocation is under way any more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#queue.refuseWaiting('closed');
    this.#timers.cancel('retry');
    this.#step('stop');
    await this.#invocation.ended();
  }

  /** Closes all links and waits for nothing. */
  abandon(reason: string): void {
    this.#session?.cut(reason);
    for (const link of this.#links.values()) link.destroy(reason);
    this.#queue.refuseWaiting('closed');
    this.#invocation.abandon();
  }

  /** Takes a hello whose token was accepted for the present session. */
  takeHello(link: Link, hello: Hello): void {
    if (this.#sessionInstance !== undefined && this.#sessionInstance !== hello.instance) {
      return link.refuse(this.#sessionNumber, 'session', 'another instance has said hello in this session');
    }
    this.#arriving = { link, hello };
    this.#step(hello.link === 'control' ? 'control-hello' : 'bulk-hello');
    this.#arriving = undefined;
  }

  takeFrame(frame: LinkFrame<Exclude<ToProxy, Hello>>): void {
    this.#session?.receive(frame);
  }

  linkWritable(): void {
    this.#progress();
  }

  linkClosed(link: Link, reason: string): void {
    for (const kind of linkKinds) if (this.#links.get(kind) === link) this.#links.delete(kind);
    const session = this.#session;
    if (session === undefined || session.isOver || !session.has(link)) return;
    this.#log.warn('link-lost', { link: link.owner?.kind, session: session.number, reason });
    this.#step('link-lost');
  }

  status(): NodeStatus {
    return {
      node: this.index,
      functionName: this.functionName,
      state: this.#phase,
      ...(this.#instance === undefined ? {} : { instance: this.#instance }),
      chunks: this.holdings.manifest.count,
      usedBytes: this.holdings.manifest.bytes,
      capacityBytes: this.#capacityBytes,
      invocations: this.#invocation.count,
      losses: this.#losses,
    };
  }

  #step(event: SessionEvent): void {
    const { to, actions } = stepSession(this.#phase, event);
    if (to !== this.#phase) this.#log.debug('session-step', { from: this.#phase, event, to });
    this.#phase = to;
    for (const action of actions) this.#act(action, event);
  }

  #act(action: SessionAction, event: SessionEvent): void {
    switch (action) {
      case 'invoke':
        return this.#openSession();
      case 'warm-up':
        return this.#warmUp();
      case 'begin':
        return this.#begin();
      case 'attach':
        return this.#attach();
      case 'refuse-hello':
        return this.#arriving?.link.refuse(this.#sessionNumber, 'session', 'this session takes no such hello now');
      case 'end':
        return this.#end();
      case 'cut':
        return this.#cut(event);
      case 'refuse-waiting':
        this.#refusing = true;
        return this.#queue.refuseWaiting('unavailable');
      case 'back-off':
        return this.#backOff();
      case 'forgive':
        this.#failures = 0;
        return;
      case 'wake':
        this.#refusing = false;
        if (!this.#stopping && (this.#queue.hasWaiting || this.#mustTell() || this.#mustAsk())) this.#step('wanted');
        return;
    }
  }

  #openSession(): void {
    const { clock, settings, tokens } = this.#parts;
    const number = ++this.#sessionNumber;
    const onSilent = (reason: string) => {
      this.#log.warn('node-silent', { session: number, reason });
      this.#step('silent');
    };
    this.#session = new NodeSession({ number, clock, settings, onSilent });
    this.#sessionInstance = undefined;
    this.#ready = false;
    const token = tokens.issue(this.index, number, settings.openTimeoutMs);
    this.#timers.set('open', settings.openTimeoutMs, () => this.#openTimeout());
    this.#timers.set('age', settings.sessionMaxMs, () => this.#step('age-reached'));
    this.#linger.noteInvocation();
    const cause = this.#queue.hasWaiting || !this.#mustAsk() ? this.#queue.cause : 'recovery';
    this.#invocation.start('session', number, token, cause);
  }

  #warmUp(): void {
    this.#sessionInstance = undefined;
    this.#timers.set('return', this.#parts.settings.openTimeoutMs, () => this.#step('return-overdue'));
    this.#linger.noteInvocation();
    this.#invocation.start('warmup', this.#sessionNumber, 'none', this.#warmUpCause);
  }

  #openTimeout(): void {
    this.#log.warn('hello-timeout', { session: this.#sessionNumber, afterMs: this.#parts.settings.openTimeoutMs });
    this.#step('hello-timeout');
    // Whatever still stands was of no use to this instance.
    for (const link of this.#links.values()) link.destroy('no hello came in time');
  }

  /** The invocation is over, one way or another. */
  #ended(end: InvocationEnd, kind: InvocationPayload['kind']): void {
    this.#lastEnd = end;
    this.#idle = { activeMs: this.#parts.clock.monotonicMs(), wasWarmUp: kind === 'warmup' };
    this.#parts.tokens.revoke(this.index);
    this.#timers.cancel('open', 'linger', 'age', 'return');
    const result = end.payload === undefined ? undefined : readInvocationResult(end.payload);
    if (kind === 'warmup' && result !== undefined) this.#learnFromWarmUp(result.instance, result.chunks);
    if (result !== undefined && result.ended !== 'end' && result.ended !== 'warmup') {
      this.#log.warn('session-broken', { session: this.#sessionNumber, ended: result.ended });
    }
    this.#step(end.event);
  }

  /** An instance that came back with nothing has lost everything: known without a session. */
  #learnFromWarmUp(instance: string, chunks: number): void {
    this.#instance = instance;
    if (chunks === 0) this.#doubt.settle();
    if (chunks > 0 || this.holdings.manifest.count === 0) return;
    this.#lose(loseAll(this.holdings));
  }

  /** The control link has said hello: the session is open. */
  #begin(): void {
    const { hello } = this.#adopt();
    this.#capacityBytes = hello.capacityBytes;
    const session = this.#session;
    if (session !== undefined) void this.#makeReady(session, hello);
  }

  #attach(): void {
    this.#adopt();
    this.#progress();
  }

  /** Takes the arriving link into the session; an older one of its kind is closed. */
  #adopt(): { readonly hello: Hello } {
    const session = this.#session;
    const arriving = this.#arriving;
    if (session === undefined || arriving === undefined)
      throw new Error(`${this.functionName}: a hello without session`);
    const { link, hello } = arriving;
    const older = this.#links.get(hello.link);
    this.#links.set(hello.link, link);
    if (older !== undefined && older !== link) older.destroy('replaced by a newer link');
    link.own({ node: this.index, kind: hello.link });
    this.#invocation.confirm();
    this.#instance = hello.instance;
    this.#sessionInstance = hello.instance;
    session.attach(hello.link, link);
    if (session.link('control') !== undefined && session.link('bulk') !== undefined) this.#timers.cancel('open');
    return { hello };
  }

  /** Reconciles what the node holds, tells it what to forget, then serves. */
  async #makeReady(session: NodeSession, hello: Hello): Promise<void> {
    const result = await reconcile(session, this.holdings, hello.digest);
    if (result.kind === 'reconciled' && result.lost.length > 0) {
      this.#log.info('chunks-lost', { session: session.number, instance: hello.instance, chunks: result.lost.length });
      this.#lose(result.lost);
    }
    if (result.kind === 'fault' && !session.isOver) {
      this.#log.error('reconcile-failed', { session: session.number, reason: result.reason });
      return this.#step('link-lost');
    }
    if (result.kind === 'reconciled') this.#doubt.settle();
    const told = await tellEvictions(session, this.holdings);
    if (session.isOver) return;
    if (!told) return this.#step('link-lost');
    this.#ready = true;
    this.#progress();
  }

  /** Tells the node what to forget; the first frame is on its way when this returns. */
  async #tell(session: NodeSession): Promise<void> {
    this.#telling = true;
    const told = await tellEvictions(session, this.holdings);
    this.#telling = false;
    if (!told && !session.isOver) return this.#step('link-lost');
    this.#progress();
  }

  /** Sends what can be sent; when nothing is left to do, starts to linger, or ends. */
  #progress(): void {
    const session = this.#session;
    if (session === undefined || session.isOver) return;
    if (this.#phase === 'ending') return this.#endWhenAnswered(session);
    if (this.#phase !== 'open' || !this.#ready) return;
    // First, so that a store finds the room that an eviction makes.
    if (this.holdings.evictionCount > 0 && !this.#telling) void this.#tell(session);
    this.#queue.pump(session);
    const idle = this.#queue.isIdle && session.awaitedCount === 0 && session.link('bulk') !== undefined;
    if (!idle) return this.#timers.cancel('linger');
    if (this.#timers.isSet('linger')) return;
    this.#timers.set('linger', this.#linger.lingerMs(), () => this.#step('linger-expired'));
  }

  #end(): void {
    const { requestTimeoutMs, returnGraceMs } = this.#parts.settings;
    this.#timers.cancel('open', 'linger', 'age');
    this.#timers.set('return', requestTimeoutMs + returnGraceMs, () => this.#step('return-overdue'));
    if (this.#session !== undefined) this.#endWhenAnswered(this.#session);
  }

  #endWhenAnswered(session: NodeSession): void {
    if (session.isOver || session.awaitedCount > 0) return;
    session.end();
    this.#timers.set('return', this.#parts.settings.returnGraceMs, () => this.#step('return-overdue'));
  }

  #cut(event: SessionEvent): void {
    this.#parts.tokens.revoke(this.index);
    this.#timers.cancel('open', 'linger', 'age');
    this.#session?.cut(event);
    if (!this.#invocation.isUnderWay) return;
    this.#timers.set('return', this.#parts.settings.returnGraceMs, () => this.#step('return-overdue'));
  }

  #backOff(): void {
    const { clock, invoker } = this.#parts;
    this.#failures++;
    this.#doubt.raise(this.#lastEnd.event, this.#sessionInstance !== undefined);
    this.#timers.cancel('return');
    const pauseMs = invoker.pauseMs(this.#failures, this.#lastEnd.retryAfterMs);
    if (this.#lastEnd.event === 'throttled') {
      this.#queue.refuseWaiting('unavailable', clock.monotonicMs() + pauseMs);
    } else if (this.#failures > patientFailures) {
      this.#refusing = true;
      this.#queue.refuseWaiting('unavailable');
    }
    this.#log.debug('back-off', { failures: this.#failures, pauseMs });
    if (this.#stopping) return this.#step('stop');
    this.#timers.set('retry', pauseMs, () => this.#step('retry-due'));
  }

  #lose(lost: readonly ManifestEntry[]): void {
    this.#losses++;
    this.#parts.onLost(this.index, lost);
  }

  #mustAsk(): boolean {
    return this.#doubt.mustAsk(this.#failures, this.holdings.manifest.count) && !this.#parts.isSaving();
  }

  #mustTell(): boolean {
    return this.holdings.evictionBytes >= this.#parts.settings.evictionWakeBytes && !this.#parts.isSaving();
  }
}
