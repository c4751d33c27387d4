/** What is wrong with the place or the credentials is found at start, in one error that says what to do. */
import { createServer, type Server } from 'node:http';
import { openS3Store } from '@sion/aws/s3-store';
import { systemClock, systemRandom } from '@sion/components';
import { describe, expect, test } from 'vitest';
import type { S3Fault } from '../../s3-server/faults.ts';
import { S3Server } from '../../s3-server/s3-server.ts';
import { openS3Bench } from './s3-bench.ts';

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly remedy: RegExp;
  readonly region?: string;
}

const refusals: readonly Refusal[] = [
  {
    status: 301,
    code: 'PermanentRedirect',
    remedy: /Set AWS_REGION to the region of the bucket: eu-north-1\./,
    region: 'eu-north-1',
  },
  { status: 307, code: 'TemporaryRedirect', remedy: /Set AWS_REGION to the region of the bucket\./ },
  {
    status: 400,
    code: 'AuthorizationHeaderMalformed',
    remedy: /Set AWS_REGION to the region of the bucket: us-west-2\./,
    region: 'us-west-2',
  },
  { status: 404, code: 'NoSuchBucket', remedy: /Create the bucket, or set SION_S3_BUCKET/ },
  { status: 400, code: 'InvalidBucketName', remedy: /SION_S3_BUCKET/ },
  { status: 403, code: 'InvalidAccessKeyId', remedy: /AWS_ACCESS_KEY_ID/ },
  { status: 403, code: 'SignatureDoesNotMatch', remedy: /AWS_SECRET_ACCESS_KEY/ },
  { status: 400, code: 'ExpiredToken', remedy: /run out/ },
  { status: 400, code: 'InvalidToken', remedy: /AWS_SESSION_TOKEN/ },
  { status: 403, code: 'RequestTimeTooSkewed', remedy: /clock of this machine/ },
  { status: 403, code: 'AccessDenied', remedy: /s3:PutObject.*s3:ListBucket/ },
  { status: 405, code: 'MethodNotAllowed', remedy: /S3 service itself/ },
  { status: 501, code: 'NotImplemented', remedy: /use another/ },
  { status: 503, code: 'SlowDown', remedy: /more slowly/ },
];

describe('at start', () => {
  test.each(refusals)('$status $code is one error with its remedy', async ({ status, code, remedy, region }) => {
    const { store, server, close } = await openS3Bench({ requestMs: 5000 });
    try {
      const fault: S3Fault = { kind: 'refuse', status, code, ...(region === undefined ? {} : { region }) };
      server.fault = () => fault;
      await expect(store.probeConditions()).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(remedy),
      });
      await expect(store.probeConditions()).rejects.toThrow(new RegExp(`\\(${status} ${code}`));
    } finally {
      await close();
    }
  });

  const openAt = (
    endpoint: string,
    credentials: object = { credentials: { accessKeyId: 'k', secretAccessKey: 's' } },
  ) =>
    openS3Store({
      ...{ bucket: 'bucket', region: 'us-east-1', endpoint, ...credentials },
      ...{ clock: systemClock, random: systemRandom },
    });

  test('a server that is none of S3 is told', async () => {
    const web = await listen((server) => server.on('request', (_, response) => response.writeHead(404).end('<html>')));
    const store = openAt(web.endpoint);
    await expect(store.probeConditions()).rejects.toThrow(/SION_S3_ENDPOINT names an S3 service/);
    await store.close();
    await web.close();
  });

  test('https where there is http is told', async () => {
    const server = await S3Server.start();
    const store = openAt(server.endpoint.replace('http:', 'https:'));
    await expect(store.probeConditions()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/whether it is http or https/),
    });
    await store.close();
    await server.close();
  });

  test('a server that is not there is told', async () => {
    const server = await S3Server.start();
    const { endpoint } = server;
    await server.close();
    const store = openAt(endpoint);
    await expect(store.probeConditions()).rejects.toThrow(/ECONNREFUSED.*SION_S3_ENDPOINT/);
    await store.close();
  });
});

async function listen(prepare: (server: Server) => void): Promise<{ endpoint: string; close(): Promise<void> }> {
  const server = createServer();
  prepare(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}
