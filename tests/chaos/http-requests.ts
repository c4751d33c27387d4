/** A client over bare HTTP: Node's own, which sends nothing twice. */
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type Addresses, type ChaosClient, type Durability, deadlineMs, RequestFailure } from './requests.ts';

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

interface Call {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly key: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Buffer;
}

/** Statuses that say that nothing was changed; any other failure of a write leaves it unknown. */
const codes: Readonly<Record<number, string>> = { 503: 'unavailable', 504: 'indeterminate', 507: 'capacity' };

/** A client with connections of its own. */
export function createHttpRequests({ httpPort }: Addresses, durability: Durability): ChaosClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const send = (call: Call) => sendOne(agent, httpPort, call);
  const terms = durability === 'store' ? {} : { 'sion-durability': durability };
  return {
    protocol: 'http',
    ready: async () => {},
    get: async (key) => {
      const { status, body } = await send({ method: 'GET', key });
      return status === 404 ? undefined : body;
    },
    range: async (key, start, end) => {
      const headers = { range: `bytes=${start}-${end - 1}` };
      const { status, body } = await send({ method: 'GET', key, headers });
      // A range that covers the object whole, or an object without bytes, is answered in full.
      if (status === 200) return body.subarray(start, end);
      return status === 206 ? body : new Uint8Array();
    },
    set: async (key, body, expiresAtMs) => {
      if (expiresAtMs !== undefined) throw new TypeError('HTTP takes no moment of expiry');
      await send({ method: 'PUT', key, body, headers: terms });
    },
    delete: async (key) => (await send({ method: 'DELETE', key, headers: terms })).status === 204,
    close: () => agent.destroy(),
  };
}

function sendOne(agent: Agent, port: number, { method, key, headers, body }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const writes = method !== 'GET';
    const fail = (code: string, isUnknown: boolean, message: string) => {
      clearTimeout(timer);
      reject(new RequestFailure(code, isUnknown, message));
    };
    const length = body === undefined ? {} : { 'content-length': body.length };
    const path = `/v1/objects/${encodeURIComponent(key)}`;
    const options = { host: '127.0.0.1', port, agent, method, path, headers: { ...headers, ...length } };
    const request = httpRequest(options, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', (error) => fail('lost', writes, error.message));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        const answer = { status, body: Buffer.concat(pieces) };
        if (!response.complete || !isWhole(response.headers, answer)) return fail('lost', writes, 'the answer was cut');
        if (status < 400 || status === 404 || status === 416) {
          clearTimeout(timer);
          return resolve(answer);
        }
        const code = codes[status] ?? `http-${status}`;
        fail(code, writes && (status === 504 || status === 500), answer.body.toString('utf8').slice(0, 300));
      });
    });
    const timer = setTimeout(() => {
      fail('timeout', writes, 'no answer in time');
      request.destroy();
    }, deadlineMs(key));
    request.on('error', (error: NodeJS.ErrnoException) => {
      const refused = error.code === 'ECONNREFUSED';
      fail(refused ? 'no-connection' : 'lost', writes && !refused, error.message);
    });
    request.end(body);
  });
}

function isWhole(headers: IncomingHttpHeaders, { body }: Answer): boolean {
  const length = headers['content-length'];
  return length === undefined || Number(length) === body.length;
}
