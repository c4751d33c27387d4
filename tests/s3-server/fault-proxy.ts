/**
 * Stands between a client and any S3 server, and lets requests go wrong on the way: the same faults for our own server and
 * for a real one. Requests pass with their headers as they are, so that their signatures hold. It remembers what the server
 * really answered, which the client may not have been told.
 */
import { createServer, type IncomingMessage, request as open, type Server, type ServerResponse } from 'node:http';
import { type S3Fault, withFault } from './faults.ts';
import { readCall, type S3Call } from './s3-call.ts';
import type { S3Answer } from './s3-server.ts';

export interface PassedCall extends S3Call {
  readonly fault: S3Fault | undefined;
  /** Of the server; undefined while it has not answered, or was not asked. */
  status: number | undefined;
}

export class FaultProxy {
  readonly #server: Server;
  readonly #target: URL;
  /** Every request that came, in order. */
  readonly calls: PassedCall[] = [];
  /** Asked for each request; what it gives goes wrong. */
  fault: (call: S3Call) => S3Fault | undefined = () => undefined;
  /** Told when a client waits in vain for an answer. */
  onStill: () => void = () => {};

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the fault proxy does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => {});
    response.on('error', () => {});
    try {
      const call = readCall(request);
      const passed: PassedCall = { ...call, fault: this.fault(call), status: undefined };
      this.calls.push(passed);
      const { fault } = passed;
      if (fault?.kind === 'cut-upload') return await this.#cutUpload(request, fault.afterBytes);
      const forward = async () => {
        const answer = await this.#forward(request);
        passed.status = answer.status;
        return answer;
      };
      await withFault(fault, request, response, forward, () => this.onStill());
    } catch (thrown) {
      // The client, or the server, has gone.
      response.destroy(thrown instanceof Error ? thrown : undefined);
    }
  }

  async #forward(request: IncomingMessage): Promise<S3Answer> {
    const body = await wholeOf(request);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const onward = this.#open(request);
      onward.once('response', resolve).once('error', reject);
      onward.end(body);
    });
    const content = await wholeOf(answer);
    const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
      ['connection', 'transfer-encoding', 'keep-alive'].includes(name) ? [] : [[name, String(value)] as const],
    );
    const isEmpty = request.method === 'HEAD' || answer.statusCode === 204;
    return {
      status: answer.statusCode ?? 500,
      headers: Object.fromEntries(headers),
      ...(isEmpty ? {} : { body: content }),
    };
  }

  async #cutUpload(request: IncomingMessage, afterBytes: number): Promise<void> {
    if (Number(request.headers['content-length'] ?? 0) <= afterBytes) {
      // All of it would be the whole request.
      request.socket.destroy();
      return;
    }
    const onward = this.#open(request);
    onward.on('error', () => {});
    let left = afterBytes;
    for await (const piece of request) {
      if (left <= 0) break;
      onward.write(piece.subarray(0, left));
      left -= piece.length;
    }
    // All that was written has gone out before it ends.
    await new Promise<void>((resolve) => onward.write('', () => resolve()));
    onward.destroy();
    request.socket.destroy();
  }

  #open(request: IncomingMessage) {
    const { hostname, port } = this.#target;
    const { method = '', url = '', headers } = request;
    return open({ host: hostname, port, method, path: url, headers, agent: false });
  }
}

async function wholeOf(stream: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}
