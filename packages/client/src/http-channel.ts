/**
 * The connections to HTTP: one request, one answer's head, and exact knowledge of how far a request that failed has come.
 *
 *     connect ──> head sent ──> "100 Continue" ──> body sent whole ──> answer
 *     └────── nothing was changed ─────────────────┘└─ a write may have happened ─┘
 *
 * A PUT waits for the invitation before it sends its body: a refusal, or a kept connection that has died meanwhile, costs no
 * body, and a stream that nobody has read from can be sent again. It never retries by itself.
 */
import { Agent, type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { pipeline, Readable } from 'node:stream';
import { type CallLimits, sentError } from './call-limits.ts';
import { asSionError, isSionError, lostReply, SionError } from './errors.ts';
import type { ClientSettings } from './options.ts';
import { connectionFault } from './resp-channel.ts';
import type { Timer } from './system.ts';

/** What is sent as a body. Pieces are read once, and only when the server wants them. */
export interface RequestBody {
  readonly sizeBytes: number | undefined;
  pieces(): AsyncIterable<Uint8Array>;
}

/** One request. */
export interface HttpCall {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody | undefined;
}

/** A server, or something between, that does not know `Expect` gets the body after this. */
const inviteMs = 1_000;
/** Kept connections are given up before the server gives them up. */
const idleMs = 30_000;

/** How far a request has come. */
interface Progress {
  connected: boolean;
  bodySent: boolean;
  answer?: IncomingMessage;
}

export class HttpChannel {
  readonly #settings: ClientSettings;
  readonly #agent: Agent;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    const kept = { keepAlive: true, maxSockets: settings.httpConnections, maxFreeSockets: 16, timeout: idleMs };
    this.#agent = settings.tls === undefined ? new Agent(kept) : new SecureAgent({ ...settings.tls, ...kept });
  }

  /** Resolves with the head of the answer; its body is still to be read. */
  send(limits: CallLimits, call: HttpCall): Promise<IncomingMessage> {
    const writes = call.method === 'PUT';
    return new Promise((resolve, reject) => {
      limits.assertOpen();
      const request = this.#open(call);
      const progress: Progress = { connected: false, bodySent: false };
      const forget = limits.whenEnded((end) => {
        reject(sentError(end, writes && progress.bodySent));
        request.destroy();
      });
      const fail = (error: unknown) => {
        // The answer counts, and tells itself when it breaks.
        if (progress.answer !== undefined) return;
        forget();
        reject(this.#explain(error, writes && progress.bodySent, progress));
        request.destroy();
      };
      request.on('response', (answer) => {
        progress.answer = answer;
        forget();
        resolve(answer);
        // An answer in the place of the invitation: the body is not wanted, and the connection is of no more use.
        if (writes && !progress.bodySent) answer.once('close', () => request.destroy());
      });
      request.on('error', fail);
      this.#watch(request, limits, progress);
      if (call.body === undefined) request.end();
      else this.#sendBody(request, call.body, limits, progress, fail);
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  #open({ method, path, headers, body }: HttpCall): ClientRequest {
    const { httpHost: host, httpPort: port, username, password, tls } = this.#settings;
    const request = tls === undefined ? plainRequest : secureRequest;
    return request({
      ...{ host, port, method, path, agent: this.#agent },
      ...(password === undefined ? {} : { auth: `${username}:${password}` }),
      headers: {
        ...headers,
        ...(body === undefined ? {} : { expect: '100-continue' }),
        ...(body?.sizeBytes === undefined ? {} : { 'content-length': body.sizeBytes }),
      },
    });
  }

  /** Bounds the making of the connection, then every pause on it. */
  #watch(request: ClientRequest, { system }: CallLimits, progress: Progress): void {
    const { connectMs, stallMs, httpHost, httpPort, tls } = this.#settings;
    const place = `${httpHost}:${httpPort}`;
    let timer: Timer | undefined;
    const onConnected = () => {
      timer?.cancel();
      progress.connected = true;
      request.setTimeout(stallMs, () => {
        (progress.answer ?? request).destroy(
          new SionError('unavailable', `Nothing moved between here and ${place} for ${stallMs} ms`),
        );
      });
    };
    request.once('close', () => timer?.cancel());
    // From here, not before: while all connections are in use, the request waits for one.
    request.on('socket', (socket) => {
      if (request.reusedSocket) return onConnected();
      timer = system.after(connectMs, () => request.destroy(new Error(`no connection within ${connectMs} ms`)));
      socket.once(tls === undefined ? 'connect' : 'secureConnect', onConnected);
    });
  }

  #sendBody(
    request: ClientRequest,
    body: RequestBody,
    limits: CallLimits,
    progress: Progress,
    fail: (error: unknown) => void,
  ): void {
    let begun = false;
    const begin = () => {
      timer.cancel();
      if (begun || request.destroyed) return;
      begun = true;
      const pieces = Readable.from(countedPieces(body, progress), { objectMode: false, highWaterMark: 1 << 18 });
      pipeline(pieces, request, (error) => {
        if (error) fail(error);
      });
    };
    const timer = limits.system.after(inviteMs, begin);
    request.once('continue', begin);
    for (const event of ['response', 'close'] as const) {
      request.once(event, () => {
        timer.cancel();
        begun = true;
      });
    }
    request.flushHeaders();
  }

  #explain(error: unknown, mayHaveWritten: boolean, { connected }: Progress): SionError {
    const place = `${this.#settings.httpHost}:${this.#settings.httpPort}`;
    const text = error instanceof Error ? error.message || error.name : String(error);
    if (isSionError(error)) {
      return mayHaveWritten && error.effect === 'none' ? lostReply(true, error.message, error) : asSionError(error);
    }
    if (!connected) return connectionFault(place, text, error);
    return lostReply(mayHaveWritten, `The connection to ${place} broke: ${text}`, error);
  }
}

/**
 * The pieces, counted. The last one is held back until the source has ended: one that is shorter or longer than it said is cut
 * off before the server can take it for whole.
 */
async function* countedPieces(body: RequestBody, progress: Progress): AsyncGenerator<Uint8Array, void, undefined> {
  let sent = 0;
  let held: Uint8Array | undefined;
  const { sizeBytes } = body;
  try {
    for await (const piece of body.pieces()) {
      if (piece.byteLength === 0) continue;
      sent += piece.byteLength;
      if (sizeBytes !== undefined && sent > sizeBytes) break;
      if (held !== undefined) yield held;
      held = piece;
    }
  } catch (cause) {
    if (isSionError(cause)) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new SionError('aborted', `The source failed: ${text}; nothing was stored`, { cause });
  }
  if (sizeBytes !== undefined && sent !== sizeBytes) {
    const found = sent > sizeBytes ? 'more' : String(sent);
    throw new SionError('invalid', `The source was to give ${sizeBytes} bytes and gave ${found}; nothing was stored`);
  }
  progress.bodySent = true;
  if (held !== undefined) yield held;
}
