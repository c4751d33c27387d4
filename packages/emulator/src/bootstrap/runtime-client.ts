/** The instance's side of the Runtime API: three calls over one kept connection. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';

/** An invocation as the Runtime API hands it out. */
export interface NextInvocation {
  readonly requestId: string;
  readonly deadlineMs: number;
  readonly functionArn: string;
  readonly traceId: string | undefined;
  readonly clientContext: string | undefined;
  readonly payload: string;
}

/** An error as the Runtime API takes it. */
export interface RuntimeError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export class RuntimeClient {
  readonly #host: string;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(address: string) {
    const [host, port] = address.split(':');
    this.#host = host ?? '';
    this.#port = Number(port);
  }

  /** Waits for the next invocation, however long. */
  async next(): Promise<NextInvocation> {
    const { headers, body } = await this.#call('GET', 'invocation/next');
    return {
      requestId: text(headers, 'lambda-runtime-aws-request-id') ?? '',
      deadlineMs: Number(text(headers, 'lambda-runtime-deadline-ms')),
      functionArn: text(headers, 'lambda-runtime-invoked-function-arn') ?? '',
      traceId: text(headers, 'lambda-runtime-trace-id'),
      clientContext: text(headers, 'lambda-runtime-client-context'),
      payload: body,
    };
  }

  async respond(requestId: string, json: string): Promise<void> {
    await this.#call('POST', `invocation/${requestId}/response`, json);
  }

  async fail(requestId: string, error: RuntimeError): Promise<void> {
    await this.#call('POST', `invocation/${requestId}/error`, JSON.stringify(error), error.errorType);
  }

  async failInit(error: RuntimeError): Promise<void> {
    await this.#call('POST', 'init/error', JSON.stringify(error), error.errorType);
  }

  #call(method: string, path: string, body?: string, errorType?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers: Record<string, string> = {};
      if (body !== undefined) {
        headers['content-type'] = 'application/json';
        headers['content-length'] = String(Buffer.byteLength(body));
      }
      if (errorType !== undefined) headers['Lambda-Runtime-Function-Error-Type'] = errorType;
      const call = request(
        {
          host: this.#host,
          port: this.#port,
          agent: this.#agent,
          method,
          path: `/2018-06-01/runtime/${path}`,
          headers,
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('error', reject);
          response.on('end', () => {
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(parts).toString('utf8'),
            });
          });
        },
      );
      call.on('error', reject);
      call.end(body);
    });
  }
}

function text(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
