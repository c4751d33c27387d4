/** A client over the real RESP and HTTP fronts, in this process, both over one double of the engine. */
import { onTestFinished } from 'vitest';
import { serveHttp } from '../../../tests/doubles/http-front.ts';
import { serveRespInTest } from '../../../tests/doubles/resp-front.ts';
import type { SionClient } from './client.ts';
import { createClient } from './create-client.ts';
import type { ClientOptions } from './options.ts';

export interface Fronts {
  readonly client: SionClient;
  readonly respPort: number;
  readonly httpPort: number;
}

/** A client, its servers behind it, until the test is over. */
export async function serveClient(options: ClientOptions = {}): Promise<Fronts> {
  const { server: http, objects } = await serveHttp();
  const resp = await serveRespInTest({ objects });
  const client = clientInTest({ port: resp.server.port, httpPort: http.port, ...options });
  return { client, respPort: resp.server.port, httpPort: http.port };
}

/** A client that is closed with its test. */
export function clientInTest(options: ClientOptions): SionClient {
  const client = createClient({ minRetryMs: 1, maxRetryMs: 5, ...options });
  onTestFinished(() => client.close());
  return client;
}
