/** TLS and credentials, against small servers that end TLS before the real fronts, and one that wants a password. */
import type { IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clientInTest, serveClient } from './fronts.test-data.ts';
import { serveHttpScript, serveRedis } from './scripted-servers.test-data.ts';
import { testCertificate, testKey } from './tls-certificate.test-data.ts';

const serverSide = { cert: testCertificate, key: testKey };
const large = Buffer.alloc(100_000, 7);

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** Ends TLS before a port of this machine. */
function serveTlsBefore(port: number, names: (string | false | null)[] = []): Promise<number> {
  const server = createTlsServer(serverSide, (socket) => {
    names.push(socket.servername);
    const behind = connect(port, '127.0.0.1');
    pipeline(socket, behind, () => {});
    pipeline(behind, socket, () => {});
  });
  return listen(server);
}

describe('TLS', () => {
  it('is on both ways, with an authority of one’s own', async () => {
    const { respPort, httpPort } = await serveClient();
    const names: (string | false | null)[] = [];
    const ports = { port: await serveTlsBefore(respPort, names), httpPort: await serveTlsBefore(httpPort, names) };
    const client = clientInTest({ host: 'localhost', ...ports, tls: { ca: testCertificate }, largeBytes: 1000 });
    expect(await client.set('small', 'v')).toBe(true);
    expect(await client.set('large', large)).toBe(true);
    expect((await client.get('large'))?.equals(large)).toBe(true);
    expect(await client.get('small')).toEqual(Buffer.from('v'));
    // A server with several names has to be told which one is wanted.
    expect(new Set(names)).toEqual(new Set(['localhost']));
    await client.close();
  });

  it('works by address as well', async () => {
    const { respPort, httpPort } = await serveClient();
    const ports = { port: await serveTlsBefore(respPort), httpPort: await serveTlsBefore(httpPort) };
    const client = clientInTest({ ...ports, tls: { ca: testCertificate }, largeBytes: 1000 });
    expect(await client.set('large', large)).toBe(true);
    expect(await client.incr('n')).toBe(1);
    await client.close();
  });

  it('refuses a certificate that nobody vouches for, on both ways, before anything is sent', async () => {
    const redis = await serveRedis(() => '+OK\r\n');
    const http = await serveHttpScript((_, response) => response.end());
    const ports = { port: await serveTlsBefore(redis.port), httpPort: await serveTlsBefore(http.port) };
    const client = clientInTest({ ...ports, tls: true });
    const expected = { code: 'unauthorized', effect: 'none', retryable: false };
    await expect(client.set('k', 'v')).rejects.toMatchObject(expected);
    await expect(client.setStream('k', 'v')).rejects.toMatchObject(expected);
    await expect(client.head('k')).rejects.toThrow('tls.ca');
    expect([redis.commands, http.requests]).toEqual([[], []]);
    await client.close();
  });

  it('towards a server without it is told', async () => {
    const redis = await serveRedis(() => '+OK\r\n');
    const client = clientInTest({ port: redis.port, tls: { ca: testCertificate }, retries: 0, connectMs: 200 });
    await expect(client.ping()).rejects.toMatchObject({ effect: 'none' });
  });
});

describe('credentials', () => {
  it.each([
    [{ password: 'secret' }, 'default'],
    [{ username: 'ada', password: 's:e/c€' }, 'ada'],
  ])('%o are given on both ways', async (options, user) => {
    const requests: IncomingMessage[] = [];
    const https = createHttpsServer(serverSide, (request, response) => {
      requests.push(request);
      response.writeHead(200, { etag: '"1"', 'content-length': 1 }).end('v');
    });
    const { hellos, port } = await serveAuthorized(user, options.password);
    const tls = { ca: testCertificate };
    const client = clientInTest({ port: await serveTlsBefore(port), httpPort: await listen(https), tls, ...options });
    expect(await client.get('k')).toEqual(Buffer.from('v'));
    expect(hellos[0]?.slice(0, 5)).toEqual(['hello', '3', 'AUTH', user, options.password]);
    (await client.getStream('k'))?.resume();
    const basic = Buffer.from(`${user}:${options.password}`, 'utf8').toString('base64');
    expect(requests[0]?.headers.authorization).toBe(`Basic ${basic}`);
    await client.close();
  });

  it('that are wrong are told at once', async () => {
    const { port, hellos } = await serveAuthorized('default', 'right');
    const client = clientInTest({ port, password: 'wrong' });
    await expect(client.incr('n')).rejects.toMatchObject({ code: 'unauthorized', effect: 'none', retryable: false });
    expect(hellos).toHaveLength(1);
    const http = await serveHttpScript((_, response) => response.writeHead(401).end());
    const other = clientInTest({ httpPort: http.port, password: 'wrong' });
    await expect(other.head('k')).rejects.toMatchObject({ code: 'unauthorized' });
  });
});

/** A Redis server that wants HELLO with these. */
async function serveAuthorized(user: string, password: string) {
  const hellos: string[][] = [];
  const server = await serveRedis(
    () => '$1\r\nv\r\n',
    (hello) => {
      const command = hello.map((argument) => Buffer.from(argument, 'latin1').toString('utf8'));
      hellos.push(command);
      const given = command.indexOf('AUTH');
      const fits = command[given + 1] === user && command[given + 2] === password;
      return fits
        ? '%1\r\n$5\r\nproto\r\n:3\r\n'
        : '-WRONGPASS invalid username-password pair or user is disabled.\r\n';
    },
  );
  return { port: server.port, hellos };
}
