/**
 * Drives the model with the wall clock and real processes: feeds it what happens and carries out what it says. It takes
 * no decision of its own. Effects are carried out in order; what happens meanwhile waits for its turn, so that the model
 * never sees an event in the middle of a step.
 */
import { type Clock, delay, type Log, type Random, randomHex, type Timer } from '@sion/components';
import { SionError } from '@sion/wire';
import type { FunctionDefinition } from '../control/contract.ts';
import type { Effect, InvocationMode, ModelEvent, ReclaimSelection, Reply } from '../model/events.ts';
import type { Figures } from '../model/figures.ts';
import type { Tally } from '../model/function-state.ts';
import { type FunctionView, type InstanceView, LambdaModel } from '../model/model.ts';
import type { NetworkFigures } from '../model/network-bucket.ts';
import { type DeployedFunction, deployFunction, functionArn, instanceEnvironment, type Region } from './functions.ts';
import type { Guard } from './guard.ts';
import { InvocationLogs } from './invocation-log.ts';
import type { Launch } from './launch.ts';
import type { ProcessMemory } from './memory.ts';
import { type CarriedBytes, Relay } from './relay.ts';
import { Sandbox, type SandboxPlan } from './sandbox.ts';

export interface ProcessDriverOptions {
  readonly figures: Figures;
  readonly region: Region;
  readonly memorySampleMs: number;
  /** The bootstrap's script. */
  readonly bootstrap: string;
  /** The script that leads the network of an instance through its relay. */
  readonly network: string;
  readonly guard: Guard;
  readonly launch: Launch;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** How long a listing waits for processes to obey. */
const settleLimitMs = 1000;

/** An invocation as the Invoke API took it. */
export interface InvokeRequest {
  readonly requestId: string;
  readonly functionName: string;
  readonly mode: InvocationMode;
  readonly payload: Uint8Array;
  readonly clientContext?: string;
}

export interface InvokeResult {
  readonly reply: Reply;
  /** The last 4 KB of its log. */
  readonly logTail: Buffer;
}

/** An instance as listed, with what its process shows. */
export interface LiveInstance extends InstanceView {
  readonly pid: number | undefined;
  readonly processState: string | undefined;
  readonly memory: ProcessMemory | undefined;
  /** Absent where the network has no limit. */
  readonly carried: CarriedBytes | undefined;
}

export class ProcessDriver {
  readonly #options: ProcessDriverOptions;
  readonly #model: LambdaModel;
  readonly #functions = new Map<string, DeployedFunction>();
  /** By revision: instances that were started before an update still need their own definition. */
  readonly #revisions = new Map<string, DeployedFunction>();
  readonly #sandboxes = new Map<number, RunningSandbox>();
  readonly #requests = new Map<string, PendingRequest>();
  readonly #logs = new InvocationLogs();
  readonly #ending = new Set<Promise<void>>();
  readonly #queue: ModelEvent[] = [];
  readonly #prefix: string;
  #networkFigures: NetworkFigures;
  #stepping = false;
  #wake: Timer | undefined;
  #sampling: Timer | undefined;
  #closed = false;

  constructor(options: ProcessDriverOptions) {
    this.#options = options;
    this.#model = new LambdaModel(options.figures, options.random);
    this.#prefix = randomHex(options.random, 4);
    this.#networkFigures = options.figures;
    this.#scheduleSample();
  }

  get region(): Region {
    return this.#options.region;
  }

  get figures(): Figures {
    return this.#options.figures;
  }

  /** Creates or updates a function; throws `invalid` with the remedy. */
  putFunction(name: string, definition: FunctionDefinition): DeployedFunction {
    const deployed = deployFunction(this.#options.region, name, definition);
    const reservable = this.#model.reservable(name);
    const wanted = definition.reservedConcurrency ?? 0;
    if (wanted > reservable) {
      const { accountConcurrency, minUnreservedConcurrency } = this.#options.figures;
      throw new SionError(
        'invalid',
        `reservedConcurrency ${wanted}: at most ${reservable} is left, because ${minUnreservedConcurrency} of the ` +
          `account's ${accountConcurrency} must stay unreserved; lower it or raise SION_EMULATOR_ACCOUNT_CONCURRENCY`,
      );
    }
    this.#functions.set(name, deployed);
    this.#revisions.set(revisionKey(name, deployed.config.revision), deployed);
    this.#feed({ kind: 'put-function', config: deployed.config });
    return deployed;
  }

  /** Removes it with its instances; no error when there is none. */
  removeFunction(name: string): void {
    this.#functions.delete(name);
    this.#feed({ kind: 'remove-function', name });
  }

  function(name: string): DeployedFunction | undefined {
    return this.#functions.get(name);
  }

  functions(): readonly (FunctionView & { readonly deployed: DeployedFunction })[] {
    return this.#model.functions(this.#now()).flatMap((view) => {
      const deployed = this.#functions.get(view.config.name);
      return deployed === undefined ? [] : [{ ...view, deployed }];
    });
  }

  instances(): readonly LiveInstance[] {
    return this.#model.instances(this.#now()).map((view) => {
      const sandbox = this.#sandboxes.get(view.instance)?.sandbox;
      const { pid, carried } = sandbox ?? {};
      return { ...view, pid, carried, processState: sandbox?.processState(), memory: sandbox?.memory() };
    });
  }

  /** Resolves when the kernel shows every idle instance as stopped: a signal takes a moment to be obeyed. */
  async settled(): Promise<void> {
    const { clock } = this.#options;
    const deadlineMs = clock.monotonicMs() + settleLimitMs;
    const unsettled = () => this.instances().some((live) => live.state === 'idle' && live.processState !== 'T');
    while (unsettled() && clock.monotonicMs() < deadlineMs) await delay(clock, 1);
  }

  tallies(): ReadonlyMap<string, Readonly<Tally>> {
    return this.#model.tallies();
  }

  functionLog(name: string): Buffer {
    return this.#logs.ofFunction(name);
  }

  /** An instance's id for people: which emulator, which instance. */
  instanceId(instance: number): string {
    return `${this.#prefix}-${instance}`;
  }

  /** Reclaims and gives the instances that went; their processes are gone when it resolves. */
  async reclaim(selection: ReclaimSelection, idleOnly: boolean, seed: number | undefined): Promise<readonly number[]> {
    const before = this.#model.instances(this.#now()).map((view) => view.instance);
    this.#feed({ kind: 'reclaim', selection, idleOnly, ...(seed === undefined ? {} : { seed }) });
    const after = new Set(this.#model.instances(this.#now()).map((view) => view.instance));
    await Promise.all(this.#ending);
    return before.filter((instance) => !after.has(instance));
  }

  /** Limits the networks of all instances anew; throws `invalid` when they have no relays. */
  limitNetwork(figures: NetworkFigures): void {
    if (this.#networkFigures.networkBytesPerSecond === 0) {
      throw new SionError(
        'invalid',
        'network: instances were started without a limit; start the emulator with SION_EMULATOR_NETWORK_BYTES_PER_SECOND',
      );
    }
    this.#networkFigures = figures;
    for (const { sandbox } of this.#sandboxes.values()) sandbox.limitNetwork(figures);
  }

  /** Resolves with the one answer. */
  invoke(request: InvokeRequest): Promise<InvokeResult> {
    return new Promise((resolve) => {
      this.#requests.set(request.requestId, { request, resolve });
      const { requestId, functionName, mode } = request;
      this.#feed({ kind: 'invoke', requestId, functionName, mode });
    });
  }

  /** Ends every instance and resolves when their processes are gone; what was under way is not answered. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.cancel();
    this.#sampling?.cancel();
    for (const instance of this.#sandboxes.keys()) this.#kill(instance);
    await Promise.all(this.#ending);
  }

  #now(): number {
    return this.#options.clock.monotonicMs();
  }

  #feed(event: ModelEvent): void {
    this.#queue.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        if (this.#closed) continue;
        for (const effect of this.#model.step(this.#now(), next)) this.#carryOut(effect);
      }
    } finally {
      this.#stepping = false;
    }
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'spawn':
        return this.#spawn(effect.instance, effect.functionName, effect.revision);
      case 'deliver':
        return this.#deliver(effect.instance, effect.requestId, effect.deadlineInMs);
      case 'freeze':
        return this.#sandboxes.get(effect.instance)?.sandbox.freeze();
      case 'thaw':
        return this.#sandboxes.get(effect.instance)?.sandbox.thaw();
      case 'kill':
        this.#options.log.debug('instance-ended', {
          instance: this.instanceId(effect.instance),
          reason: effect.reason,
        });
        return this.#kill(effect.instance);
      case 'respond':
        return this.#respond(effect.requestId, effect.reply);
      case 'report':
        return this.#logs.end(effect.report);
      case 'settled':
        this.#requests.delete(effect.requestId);
        this.#logs.take(effect.requestId);
        return;
      case 'wake-at':
        this.#wake?.cancel();
        this.#wake = this.#options.clock.after(effect.atMs - this.#now(), () => this.#feed({ kind: 'wake' }));
        return;
    }
  }

  #spawn(instance: number, functionName: string, revision: string): void {
    const { figures, guard, launch, region, bootstrap, log } = this.#options;
    const deployed = this.#revisions.get(revisionKey(functionName, revision));
    if (deployed === undefined) throw new Error(`no definition of ${functionName} at revision ${revision}`);
    const { definition } = deployed;
    const running: RunningSandbox = {
      functionName,
      requestId: undefined,
      sandbox: new Sandbox(
        {
          script: definition.bootstrapScript ?? bootstrap,
          handler: definition.handler,
          taskRoot: definition.bundleFolder,
          memoryMb: definition.memoryMb,
          environment: instanceEnvironment(region, deployed, this.instanceId(instance)),
          maxResponseBytes: figures.maxResponseBytes,
          launch,
          ...this.#network(),
        },
        {
          ready: () => this.#feed({ kind: 'ready', instance }),
          asked: () => {
            this.#sampleOne(instance, running);
            this.#feed({ kind: 'asked', instance });
          },
          answered: (requestId, answer) => this.#feed({ kind: 'answered', instance, requestId, answer }),
          initFailed: (errorType, body) => this.#feed({ kind: 'init-failed', instance, errorType, body }),
          exited: (status) => this.#feed({ kind: 'exited', instance, status }),
          wrote: (bytes) => {
            this.#logs.write(functionName, running.requestId, bytes);
            log.debug('function-wrote', { functionName, instance: this.instanceId(instance), text: bytes.toString() });
          },
        },
        guard,
      ),
    };
    this.#sandboxes.set(instance, running);
    running.sandbox.start();
  }

  /** The relay of a new instance, where its network has a limit. */
  #network(): Pick<SandboxPlan, 'network'> {
    const { clock, random, network: script } = this.#options;
    const figures = this.#networkFigures;
    if (figures.networkBytesPerSecond === 0) return {};
    return { network: { script, relay: new Relay({ figures, clock, secret: randomHex(random, 16) }) } };
  }

  #deliver(instance: number, requestId: string, deadlineInMs: number): void {
    const running = this.#sandboxes.get(instance);
    const pending = this.#requests.get(requestId);
    if (running === undefined || pending === undefined) throw new Error(`nothing to deliver for request ${requestId}`);
    const { payload, clientContext, functionName } = pending.request;
    running.requestId = requestId;
    this.#logs.begin(functionName, requestId);
    running.sandbox.deliver({
      requestId,
      payload,
      deadlineMs: this.#options.clock.wallMs() + deadlineInMs,
      functionArn: functionArn(this.#options.region, functionName),
      traceId: traceId(requestId),
      ...(clientContext === undefined ? {} : { clientContext }),
    });
  }

  #respond(requestId: string, reply: Reply): void {
    const pending = this.#requests.get(requestId);
    if (pending === undefined) throw new Error(`request ${requestId} is answered twice`);
    // An Event's payload is still needed for its attempts.
    if (reply.kind !== 'accepted') this.#requests.delete(requestId);
    pending.resolve({ reply, logTail: reply.kind === 'accepted' ? Buffer.alloc(0) : this.#logs.take(requestId) });
  }

  #kill(instance: number): void {
    const running = this.#sandboxes.get(instance);
    if (running === undefined) return;
    this.#sandboxes.delete(instance);
    const ending = running.sandbox.kill().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #scheduleSample(): void {
    const { clock, memorySampleMs } = this.#options;
    this.#sampling = clock.after(memorySampleMs, () => {
      for (const view of this.#model.instances(this.#now())) {
        const running = this.#sandboxes.get(view.instance);
        // A frozen process does not grow.
        if (running !== undefined && view.state !== 'idle') this.#sampleOne(view.instance, running);
      }
      this.#scheduleSample();
    });
  }

  #sampleOne(instance: number, running: RunningSandbox): void {
    const memory = running.sandbox.memory();
    if (memory !== undefined) this.#feed({ kind: 'memory', instance, usedMb: memory.peakMb });
  }
}

interface RunningSandbox {
  readonly functionName: string;
  readonly sandbox: Sandbox;
  /** Whose log gets what it writes. */
  requestId: string | undefined;
}

interface PendingRequest {
  readonly request: InvokeRequest;
  readonly resolve: (result: InvokeResult) => void;
}

function revisionKey(functionName: string, revision: string): string {
  return `${functionName}@${revision}`;
}

/** Shaped like X-Ray's, not sampled; nothing is traced. */
function traceId(requestId: string): string {
  const hex = requestId.replaceAll('-', '').padEnd(32, '0');
  return `Root=1-${hex.slice(0, 8)}-${hex.slice(8, 32)};Parent=${hex.slice(0, 16)};Sampled=0`;
}
