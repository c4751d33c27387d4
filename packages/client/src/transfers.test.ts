/** Transfers over HTTP that go wrong: what is whole, what is told, what is sent again, and what a source sees of it. */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { isSionError, type SionError } from './errors.ts';
import { clientInTest } from './fronts.test-data.ts';
import { readWhole, refuse, serveHttpScript, serveRedis } from './scripted-servers.test-data.ts';

const bytes = Buffer.from(Uint32Array.from({ length: 100_000 }, (_, at) => at * 2654435761).buffer);

async function failureOf(promise: Promise<unknown>): Promise<SionError> {
  const error = await promise.then(
    (value) => new Error(`resolved with ${String(value)}`),
    (thrown: unknown) => thrown,
  );
  if (isSionError(error)) return error;
  throw error;
}

/** A source without end that tells how often it was asked. */
function endlessSource() {
  const seen = { reads: 0 };
  const source = new Readable({
    highWaterMark: 1,
    read() {
      seen.reads += 1;
      this.push(bytes);
    },
  });
  return { source, seen };
}

describe('reading', () => {
  it('a stream that is cut goes on where it was, from the same version', async () => {
    const server = await serveHttpScript((request, response, index) => {
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const rest = bytes.subarray(from);
      response.writeHead(index === 0 ? 200 : 206, { etag: '"1"', 'content-length': rest.length });
      if (index < 2) response.write(rest.subarray(0, 100_000), () => response.destroy());
      else response.end(rest);
    });
    const stream = await clientInTest({ httpPort: server.port }).getStream('k');
    expect(Buffer.concat((await stream?.toArray()) ?? []).equals(bytes)).toBe(true);
    expect(server.requests).toHaveLength(3);
    for (const { headers } of server.requests.slice(1)) expect(headers['if-match']).toBe('"1"');
  });

  it('a stream whose version has gone meanwhile errors, and never goes on with another', async () => {
    const server = await serveHttpScript((_, response, index) => {
      if (index > 0) return refuse(response, 412, 'precondition-failed');
      response.writeHead(200, { etag: '"1"', 'content-length': bytes.length });
      response.write(bytes.subarray(0, 1000), () => response.destroy());
    });
    const stream = await clientInTest({ httpPort: server.port }).getStream('k');
    const error = await failureOf(stream?.toArray() ?? Promise.resolve());
    expect(error).toMatchObject({ code: 'invalid', serverCode: 'precondition-failed' });
  });

  it('a stream that is cut again and again errors', async () => {
    const server = await serveHttpScript((_, response) => {
      response.writeHead(200, { etag: '"1"', 'content-length': 10 });
      response.write('', () => response.destroy());
    });
    const client = clientInTest({ httpPort: server.port, retries: 2 });
    const error = await failureOf((await client.getStream('k'))?.toArray() ?? Promise.resolve());
    expect(error).toMatchObject({ code: 'unavailable', retryable: true });
    expect(server.requests).toHaveLength(3);
  });

  it('the web stream of a cut answer errors as well', async () => {
    const server = await serveHttpScript((_, response) => {
      response.writeHead(200, { etag: '"1"', 'content-length': 10 });
      response.write('12345', () => response.destroy());
    });
    const client = clientInTest({ httpPort: server.port, retries: 0 });
    const stream = await client.getWebStream('k');
    const error = await failureOf(new Response(stream as ConstructorParameters<typeof Response>[0]).arrayBuffer());
    expect(error.code).toBe('unavailable');
  });

  it('a large value whose answer is cut is read again as a whole', async () => {
    const server = await serveHttpScript((_, response, index) => {
      response.writeHead(200, { etag: '"1"', 'content-length': bytes.length });
      if (index === 1) response.write(bytes.subarray(0, 1000), () => response.destroy());
      else response.end(bytes);
    });
    const client = clientInTest({ httpPort: server.port, largeBytes: 1000 });
    (await client.getStream('k'))?.resume();
    expect((await client.get('k'))?.equals(bytes)).toBe(true);
    expect(server.requests).toHaveLength(3);
  });

  it('a caller may end a stream, and the connection goes with it', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const server = await serveHttpScript((_, response) => {
      response.writeHead(200, { etag: '"1"', 'content-length': 10 });
      response.write('12345');
      response.once('close', resolve);
    });
    const abort = new AbortController();
    const stream = await clientInTest({ httpPort: server.port }).getStream('k', { signal: abort.signal });
    stream?.once('data', () => abort.abort());
    const error = await failureOf(stream?.toArray() ?? Promise.resolve());
    expect(error.code).toBe('aborted');
    await closed;
  });

  it('whoever stops reading lets go of the connection', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const server = await serveHttpScript((_, response) => {
      response.writeHead(200, { etag: '"1"', 'content-length': 10 });
      response.write('12345');
      response.once('close', resolve);
    });
    const stream = await clientInTest({ httpPort: server.port }).getStream('k');
    stream?.once('data', () => stream.destroy());
    await closed;
    expect(server.requests).toHaveLength(1);
  });

  it('a server that stands still is given up', async () => {
    const server = await serveHttpScript((_, response) => {
      response.writeHead(200, { etag: '"1"', 'content-length': 10 });
      response.write('12345');
    });
    const client = clientInTest({ httpPort: server.port, stallMs: 40, retries: 0 });
    const error = await failureOf(client.getStream('k').then((stream) => stream?.toArray()));
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(error.message).toContain('40 ms');
  });

  it('a refusal comes with the server’s words', async () => {
    const server = await serveHttpScript((_, response) => refuse(response, 500, 'corrupt'));
    const error = await failureOf(clientInTest({ httpPort: server.port }).getStream('k'));
    expect(error).toMatchObject({
      code: 'corrupt',
      serverCode: 'corrupt',
      status: 500,
      requestId: 'r1',
      message: 'scripted corrupt',
    });
    expect(server.requests).toHaveLength(1);
  });

  it('what is not SION is told to be so', async () => {
    const server = await serveHttpScript((_, response) => response.writeHead(404).end('<h1>nginx</h1>'));
    const error = await failureOf(clientInTest({ httpPort: server.port }).getStream('k'));
    expect(error).toMatchObject({ code: 'invalid', status: 404 });
    expect(error.message).toContain('not SION');
  });
});

describe('connections', () => {
  it('are as many as the client may have; more transfers wait, and streams that are open are cut when it is closed', async () => {
    const server = await serveHttpScript((_, response) => {
      response.writeHead(200, { etag: '"1"', 'content-length': 10 });
      response.write('12345');
    });
    const client = clientInTest({ httpPort: server.port, httpConnections: 2 });
    const open = await Promise.all([client.getStream('a'), client.getStream('b')]);
    const failures = open.map((stream) => failureOf(stream?.toArray() ?? Promise.resolve()));
    const third = failureOf(client.getStream('c', { timeoutMs: 50 }));
    expect(await third).toMatchObject({ code: 'timeout', effect: 'none' });
    expect(server.requests.map(({ url }) => url)).toEqual(['/v1/objects/a', '/v1/objects/b']);
    await client.close();
    for (const error of await Promise.all(failures)) expect(error).toMatchObject({ code: 'closed', retryable: false });
  });

  it('of a value that is known to be large are HTTP’s at once; one that is not is taken as it comes', async () => {
    const redis = await serveRedis(() => `$${bytes.length}\r\n${bytes.toString('latin1')}\r\n`);
    const http = await serveHttpScript((_, response) => response.writeHead(200, { 'content-length': 3 }).end('now'));
    const client = clientInTest({ port: redis.port, httpPort: http.port, largeBytes: 1000 });
    expect((await client.get('k'))?.length).toBeGreaterThan(1000);
    expect([redis.commands.length, http.requests.length]).toEqual([1, 0]);
    expect(await client.get('k')).toEqual(Buffer.from('now'));
    expect([redis.commands.length, http.requests.length]).toEqual([1, 1]);
    // And HTTP has said that it is small again.
    await client.get('k');
    expect([redis.commands.length, http.requests.length]).toEqual([2, 1]);
  });
});

describe('writing', () => {
  it('a stream is sent again while nothing has been read from it', async () => {
    const source = Readable.from([bytes]);
    const server = await serveHttpScript((request, response, index) => {
      if (index === 0) return refuse(response, 503, 'unavailable');
      if (index === 1) return request.socket.destroy();
      expect(source.readableDidRead).toBe(false);
      void readWhole(request, response).then((body) => response.writeHead(201, { etag: `"${body.length}"` }).end());
    });
    const stored = await clientInTest({ httpPort: server.port }).setStream('k', source);
    expect(stored).toEqual({ created: true, etag: `"${bytes.length}"`, version: undefined });
    expect(server.requests).toHaveLength(3);
  });

  it('a stream that has been read from is not', async () => {
    const { source } = endlessSource();
    const server = await serveHttpScript((request, response) => {
      response.writeContinue();
      request.once('data', () => request.socket.destroy());
    });
    const error = await failureOf(
      clientInTest({ httpPort: server.port }).setStream('k', source, { sizeBytes: 2 ** 40 }),
    );
    expect(error).toMatchObject({ code: 'unavailable', effect: 'none' });
    expect(server.requests).toHaveLength(1);
    expect(source.destroyed).toBe(true);
  });

  it('a refusal costs no byte of the stream, and lets it go', async () => {
    const { source, seen } = endlessSource();
    const server = await serveHttpScript((_, response) => refuse(response, 413, 'too-large'));
    const error = await failureOf(clientInTest({ httpPort: server.port }).setStream('k', source));
    expect(error).toMatchObject({ code: 'invalid', serverCode: 'too-large' });
    expect(seen.reads).toBe(0);
    expect(source.destroyed).toBe(true);
  });

  it.each([504, 502])('an answer %i is indeterminate, and nothing is sent again', async (status) => {
    const server = await serveHttpScript((request, response) => {
      void readWhole(request, response).then(() =>
        status === 504 ? refuse(response, 504, 'indeterminate') : response.writeHead(502).end('bad gateway'),
      );
    });
    const error = await failureOf(clientInTest({ httpPort: server.port }).setStream('k', bytes));
    expect(error).toMatchObject({ code: 'indeterminate', effect: 'unknown' });
    expect(server.requests).toHaveLength(1);
  });

  it('a reply that is lost after the whole body is indeterminate', async () => {
    const server = await serveHttpScript((request, response) => {
      void readWhole(request, response).then(() => request.socket.destroy());
    });
    const client = clientInTest({ httpPort: server.port, largeBytes: 1000 });
    expect(await failureOf(client.set('k', bytes))).toMatchObject({ code: 'indeterminate', effect: 'unknown' });
    expect(server.requests).toHaveLength(1);
    expect(await failureOf(client.setStream('k', Readable.from([bytes])))).toMatchObject({ code: 'indeterminate' });
  });

  it('a reply that is lost is asked for again where the caller allows it', async () => {
    const server = await serveHttpScript((request, response, index) => {
      void readWhole(request, response).then(() =>
        index === 0 ? request.socket.destroy() : response.writeHead(200).end(),
      );
    });
    const client = clientInTest({ httpPort: server.port, largeBytes: 1000 });
    expect(await client.set('k', bytes, { resend: true })).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  it.each([
    ['shorter', 500],
    ['longer', 50],
  ])('a source that is %s than it says never comes to its end at the server', async (_, sizeBytes) => {
    const { promise: broken, resolve } = Promise.withResolvers<boolean>();
    const server = await serveHttpScript((request, response) => {
      void readWhole(request, response).then(
        () => resolve(false),
        () => resolve(true),
      );
    });
    const call = clientInTest({ httpPort: server.port }).setStream(
      'k',
      Readable.from([Buffer.alloc(40), Buffer.alloc(60)]),
      { sizeBytes },
    );
    expect(await failureOf(call)).toMatchObject({ code: 'invalid', effect: 'none' });
    expect(await broken).toBe(true);
  });

  it('a source that fails is told with its own error, and never comes to its end at the server', async () => {
    const { promise: broken, resolve } = Promise.withResolvers<boolean>();
    const server = await serveHttpScript((request, response) => {
      void readWhole(request, response).then(
        () => resolve(false),
        () => resolve(true),
      );
    });
    const cause = new Error('the camera fell');
    const source = (async function* () {
      yield bytes;
      throw cause;
    })();
    const error = await failureOf(clientInTest({ httpPort: server.port }).setStream('k', source));
    expect(error).toMatchObject({ code: 'aborted', effect: 'none', cause });
    expect(await broken).toBe(true);
  });

  it('a server that does not know Expect gets the body all the same', async () => {
    const server = await serveHttpScript((request, response) => {
      request.headers.expect = undefined;
      void readWhole(request, response).then((body) => response.writeHead(201, { etag: `"${body.length}"` }).end());
    });
    expect(await clientInTest({ httpPort: server.port }).setStream('k', bytes)).toMatchObject({
      etag: `"${bytes.length}"`,
    });
  });
});
