/**
 * The control endpoint: what an operator or a test does with the emulator itself (paths and bodies in
 * `control/contract.ts`). It checks, translates and lists; the model decides.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asSionError, SionError } from '@sion/wire';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import {
  controlPrefix,
  type EmulatorStatus,
  type FunctionListing,
  functionDefinition,
  type InstanceListing,
  networkLimit,
  type ReclaimRequest,
  reclaimRequest,
} from '../control/contract.ts';
import type { ReclaimSelection } from '../model/events.ts';
import { readMeter } from '../model/meter.ts';
import type { Architecture } from '../model/prices.ts';
import type { LiveInstance, ProcessDriver } from '../process/process-driver.ts';
import { readBody, sendBytes, sendJson, unescapePath } from './http.ts';

const maxBodyBytes = 1024 * 1024;

/** What the endpoint needs to know of the emulator as a whole. */
export interface EmulatorFacts {
  readonly endpoint: string;
  readonly architecture: Architecture;
  readonly guardPid: number | undefined;
}

export class ControlApi {
  readonly #driver: ProcessDriver;
  readonly #facts: () => EmulatorFacts;

  constructor(driver: ProcessDriver, facts: () => EmulatorFacts) {
    this.#driver = driver;
    this.#facts = facts;
  }

  /** Whether the path is this API's. */
  owns(path: string): boolean {
    return path.startsWith(controlPrefix);
  }

  /** Answers a request whose path it owns. */
  async answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    try {
      await this.#route(request, response, url.pathname.slice(controlPrefix.length));
    } catch (thrown) {
      const { code, message } = asSionError(thrown);
      if (!request.complete) request.resume();
      sendJson(response, code === 'invalid' ? 400 : 500, { error: code, message });
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const call = `${request.method} ${path}`;
    if (call === 'GET status') return sendJson(response, 200, this.#status());
    if (call === 'GET functions') return sendJson(response, 200, this.#functions());
    if (call === 'GET instances') return sendJson(response, 200, await this.#instances());
    if (call === 'GET meter') {
      return sendJson(response, 200, readMeter(this.#driver.tallies(), this.#facts().architecture));
    }
    if (call === 'POST reclaim') {
      const wish = await readAs(reclaimRequest, 'reclaim', request);
      return sendJson(response, 200, { reclaimed: await this.#reclaim(wish) });
    }
    if (call === 'PUT network') {
      const { bytesPerSecond, burstBytes, peakBytesPerSecond } = await readAs(networkLimit, 'network', request);
      this.#driver.limitNetwork({
        networkBytesPerSecond: bytesPerSecond,
        networkBurstBytes: burstBytes,
        networkPeakBytesPerSecond: peakBytesPerSecond,
      });
      return sendJson(response, 200, {});
    }
    const named = /^functions\/([^/]+)(\/log)?$/.exec(path);
    const name = unescapePath(named?.[1] ?? '');
    if (named === null || name === undefined) return this.#unknown(request, response);
    return this.#function(request, response, name, named[2] !== undefined);
  }

  async #function(request: IncomingMessage, response: ServerResponse, name: string, log: boolean): Promise<void> {
    if (request.method !== 'PUT' && this.#driver.function(name) === undefined) {
      request.resume();
      const message = `there is no function ${name}; GET ${controlPrefix}functions lists them`;
      return sendJson(response, 404, { error: 'invalid', message });
    }
    if (log && request.method === 'GET') {
      return sendBytes(response, 200, this.#driver.functionLog(name), { 'content-type': 'text/plain; charset=utf-8' });
    }
    if (!log && request.method === 'PUT') {
      const definition = await readAs(functionDefinition, `function ${name}`, request);
      this.#driver.putFunction(name, definition);
      return sendJson(
        response,
        200,
        this.#functions().find((listing) => listing.name === name),
      );
    }
    if (!log && request.method === 'DELETE') {
      this.#driver.removeFunction(name);
      return sendJson(response, 200, {});
    }
    return this.#unknown(request, response);
  }

  #unknown(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const message = `${request.method} ${request.url} is not a control call; see docs/emulator.md`;
    sendJson(response, 404, { error: 'invalid', message });
  }

  async #reclaim(wish: ReclaimRequest): Promise<readonly string[]> {
    const selection = this.#selection(wish);
    const reclaimed = await this.#driver.reclaim(selection, wish.idleOnly === true, wish.seed);
    return reclaimed.map((instance) => this.#driver.instanceId(instance));
  }

  #selection(wish: ReclaimRequest): ReclaimSelection {
    const { instance, count, share, all, functionName } = wish;
    const given = [instance, count, share, all].filter((value) => value !== undefined).length;
    if (given !== 1) throw new SionError('invalid', 'reclaim: give exactly one of instance, count, share and all');
    const narrowed = functionName === undefined ? {} : { functionName };
    if (functionName !== undefined && this.#driver.function(functionName) === undefined) {
      throw new SionError('invalid', `reclaim: there is no function ${functionName}; list them with GET functions`);
    }
    if (count !== undefined) return { kind: 'count', count, ...narrowed };
    if (share !== undefined) return { kind: 'share', share, ...narrowed };
    if (all !== undefined) return { kind: 'all', ...narrowed };
    const found = this.#driver.instances().find((each) => this.#driver.instanceId(each.instance) === instance);
    if (found === undefined) {
      throw new SionError('invalid', `reclaim: there is no instance ${instance}; list them with GET instances`);
    }
    return { kind: 'one', instance: found.instance };
  }

  #status(): EmulatorStatus {
    const { endpoint, architecture, guardPid } = this.#facts();
    const instances = { provisioning: 0, init: 0, busy: 0, idle: 0 };
    for (const { state } of this.#driver.instances()) if (state !== 'gone') instances[state] += 1;
    return {
      pid: process.pid,
      ...(guardPid === undefined ? {} : { guardPid }),
      endpoint,
      region: this.#driver.region.region,
      architecture,
      functions: this.#driver.functions().length,
      instances,
    };
  }

  #functions(): readonly FunctionListing[] {
    return this.#driver.functions().map(({ config, state, instances, deployed }) => {
      const { handler, bundleFolder, codeVersion } = deployed.definition;
      const { name, memoryMb, timeoutMs, reservedConcurrency } = config;
      return {
        name,
        arn: deployed.arn,
        state,
        memoryMb,
        timeoutMs,
        handler,
        bundleFolder,
        instances,
        ...(reservedConcurrency === undefined ? {} : { reservedConcurrency }),
        ...(codeVersion === undefined ? {} : { codeVersion }),
      };
    });
  }

  async #instances(): Promise<readonly InstanceListing[]> {
    await this.#driver.settled();
    return this.#driver.instances().map((live) => this.#list(live));
  }

  #list(live: LiveInstance): InstanceListing {
    const { pid, processState, memory, idleMs, requestId, functionName, state, invocations, carried } = live;
    if (state === 'gone') throw new Error(`instance ${live.instance} is listed although it is gone`);
    return {
      id: this.#driver.instanceId(live.instance),
      functionName,
      state,
      ...(pid === undefined ? {} : { pid }),
      ...(processState === undefined ? {} : { processState }),
      ageMs: Math.round(live.ageMs),
      ...(idleMs === undefined ? {} : { idleMs: Math.round(idleMs) }),
      invocations,
      memoryMb: live.memoryMb,
      usedMb: memory?.usedMb ?? 0,
      maxMemoryMb: Math.max(live.maxMemoryMb, memory?.peakMb ?? 0),
      ...(carried === undefined ? {} : { carriedBytes: { ...carried } }),
      ...(requestId === undefined ? {} : { requestId }),
    };
  }
}

async function readAs<Schema extends TSchema>(
  schema: Schema,
  what: string,
  request: IncomingMessage,
): Promise<Static<Schema>> {
  const body = await readBody(request, maxBodyBytes);
  if (body.kind === 'too-large') throw new SionError('invalid', `${what}: send at most ${maxBodyBytes} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(body.bytes.toString('utf8'));
  } catch {
    throw new SionError('invalid', `${what}: send a JSON object`);
  }
  if (Value.Check(schema, value)) return value;
  const problems = [...Value.Errors(schema, value)].map((error) => `${error.instancePath} ${error.message}`.trim());
  throw new SionError('invalid', `${what}: ${problems.join('; ')}; see docs/emulator.md`);
}
