/**
 * The emulator put together, in system form: the model under the wall clock, real processes as instances, and one
 * loopback HTTP port with the Invoke API and the control endpoint. `main.ts` runs it as a process of its own; tests may
 * create it within theirs.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import type { Clock, Log, Random } from '@sion/components';
import { SionError } from '@sion/wire';
import { buildBundles } from './process/bundles.ts';
import { Guard } from './process/guard.ts';
import { findLaunch } from './process/launch.ts';
import { ProcessDriver } from './process/process-driver.ts';
import { ControlApi } from './server/control-api.ts';
import { closeServer, listenOnLoopback, refusedOrigin, sendJson } from './server/http.ts';
import { InvokeApi } from './server/invoke-api.ts';
import { type EmulatorSettings, figuresOf } from './settings.ts';

/** What an emulator needs. */
export interface EmulatorParts {
  readonly settings: EmulatorSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A running emulator. */
export interface Emulator {
  readonly port: number;
  /** For the SDK's `endpoint` and for `createEmulatorControl`. */
  readonly endpoint: string;
  /** Ends all instances and the guard, and resolves when nothing is left. */
  close(): Promise<void>;
}

/** Starts it; rejects with `invalid` when its port is taken. */
export async function createEmulator(parts: EmulatorParts): Promise<Emulator> {
  const { settings, clock, random, log } = parts;
  const bundles = buildBundles(resolve(settings.dataDir, 'emulator'));
  const guard = new Guard(bundles.guard, log);
  const driver = new ProcessDriver({
    figures: figuresOf(settings),
    region: { region: settings.emulatorRegion, accountId: settings.emulatorAccountId },
    memorySampleMs: settings.emulatorMemorySampleMs,
    bootstrap: bundles.bootstrap,
    network: bundles.network,
    guard,
    launch: findLaunch(),
    clock,
    random,
    log,
  });
  const close = async () => {
    await driver.close();
    await guard.close();
  };
  let port = 0;
  const facts = () => ({
    endpoint: `http://127.0.0.1:${port}`,
    architecture: settings.emulatorArchitecture,
    guardPid: guard.pid,
  });
  const server = createHttpServer(new InvokeApi(driver, random), new ControlApi(driver, facts), () => port, log);
  try {
    port = await listenOnLoopback(server, settings.lambdaPort);
  } catch (error) {
    await close();
    const reason = error instanceof Error ? error.message : String(error);
    const message = `port ${settings.lambdaPort} of the emulator cannot be used (${reason}); set SION_LAMBDA_PORT to another`;
    throw new SionError('invalid', message, { cause: error });
  }
  return {
    port,
    endpoint: facts().endpoint,
    close: async () => {
      await closeServer(server);
      await close();
    },
  };
}

function createHttpServer(invokeApi: InvokeApi, controlApi: ControlApi, port: () => number, log: Log): Server {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const refused = refusedOrigin(request, port());
    if (refused !== undefined) {
      request.resume();
      return sendJson(response, 403, { error: 'invalid', message: refused });
    }
    const url = URL.parse(request.url ?? '/', 'http://127.0.0.1') ?? new URL('http://127.0.0.1/');
    if (controlApi.owns(url.pathname)) return controlApi.answer(request, response, url);
    if (invokeApi.owns(url.pathname)) return invokeApi.answer(request, response, url);
    request.resume();
    const message = `${request.url} is not served here; see docs/emulator.md`;
    return sendJson(response, 404, { error: 'invalid', message });
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      // Callers that go away in the middle of a request end here.
      log.debug('request-broken-off', { error });
      response.destroy();
    });
  });
  // Callers keep connections; a short keep-alive would close one just as it is used again.
  server.keepAliveTimeout = 120_000;
  // Until a request is there whole; its answer may take as long as the function runs.
  server.requestTimeout = 60_000;
  return server;
}
