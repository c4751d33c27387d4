/**
 * The HTTP server under the fuzzer, over bare sockets: request lines, headers, bodies of any framing, many requests at
 * once. Whatever comes back must be whole answers, a refusal must say why, no answer may tell of a defect, and a client
 * that stops sending must see the end of its connection.
 */
import fc from 'fast-check';
import { type FrontWorld, openFrontWorld } from './front-world.ts';
import { type Answer, readAnswers } from './http-grammar.ts';
import { type FuzzInput, type Material, readCorpus } from './input.ts';
import { RawClient } from './raw-client.ts';
import { awaited, Fault, type FuzzTarget, UncaughtWatch } from './target.ts';

const methods = ['GET', 'PUT', 'HEAD', 'DELETE', 'PATCH', 'POST', 'OPTIONS', 'TRACE', 'CONNECT', 'get', 'PURGE'];
const targets = ['a', 'b', 'a%2Fb', 'a/b', '', '%00%ff', '%e4%b8', '%', '%zz', 'a?x=1', 'a//b/', '..', 'k'.repeat(513)];
const paths = ['/healthz', '/readyz', '/v1/objects', '/v1/objects?limit=2', '/openapi.json', '/docs', '/', '*', 'x'];
const queries = ['prefix=a', 'delimiter=%2F', 'after=a', 'limit=1', 'limit=0', 'limit=-1', 'limit=1001', 'prefix=%ff'];
const headers = [
  ...['Range: bytes=0-1', 'Range: bytes=-5', 'Range: bytes=9-', 'Range: bytes=5-1', 'Range: bytes=0-1,3-4', 'Range: x'],
  ...['If-Match: *', 'If-None-Match: *', 'If-Match: "1"', 'If-Match: "', 'If-Range: "1"', 'If-None-Match: W/"1", "2"'],
  ...['If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT', 'If-Unmodified-Since: never', 'Sion-Ttl: 100', 'Sion-Ttl: 0'],
  ...[
    'Sion-Ttl: none',
    'Sion-Meta-Name: value',
    'Sion-Meta-: x',
    'Sion-No-Place: 1',
    'Sion-Durability: memory',
    'Sion-X: 1',
  ],
  ...[
    'Content-Type: text/plain',
    'Content-Type: ;',
    'Content-Encoding: gzip',
    'X-Request-Id: mine',
    'Expect: 100-continue',
  ],
  ...['Transfer-Encoding: chunked', 'Transfer-Encoding: gzip, chunked', 'Content-Length: 3', 'Content-Length: -1'],
  ...[
    'Content-Length: 99999999999999999999',
    'Connection: close',
    'Connection: upgrade',
    'Upgrade: h2c',
    'Host: other',
  ],
  `X-Long: ${'h'.repeat(3000)}`,
];
const bodies = [
  '',
  'abc',
  '3\r\nabc\r\n0\r\n\r\n',
  '3;x=y\r\nabc\r\n0\r\nTrailer: x\r\n\r\n',
  'b'.repeat(2000),
  '0\r\n\r\n',
];

const target = fc.oneof(
  fc.constantFrom(...targets).map((key) => `/v1/objects/${key}`),
  fc.constantFrom(...paths),
  fc.array(fc.constantFrom(...queries), { maxLength: 4 }).map((query) => `/v1/objects?${query.join('&')}`),
);
const fresh = fc
  .tuple(
    fc.constantFrom(...methods),
    target,
    fc.array(fc.constantFrom(...headers), { maxLength: 4 }),
    fc.constantFrom(...bodies),
  )
  .map(([method, path, lines, body]) => {
    const head = [`${method} ${path} HTTP/1.1`, 'Host: x', ...lines].join('\r\n');
    return { stream: 0, bytes: Buffer.from(`${head}\r\n\r\n${body}`, 'latin1') };
  });

const words = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  ' ',
  ':',
  '%',
  '%00',
  '?',
  '#',
  '/',
  ' HTTP/1.1',
  ' HTTP/1.0',
  'PRI * HTTP/2.0\r\n\r\n',
  '\0',
];

export async function openHttpTarget(): Promise<FuzzTarget> {
  const corpus = readCorpus('http');
  return new HttpTarget(await openFrontWorld(), {
    messages: corpus.filter(({ isWhole }) => isWhole).flatMap(({ parts }) => parts),
    fresh: fc.oneof(fresh, fresh, fc.constantFrom(...corpus.flatMap(({ parts }) => parts))),
    words: words.map((word) => Buffer.from(word, 'latin1')),
    numbers: 'text',
  });
}

class HttpTarget implements FuzzTarget {
  readonly material: Material;
  readonly #world: FrontWorld;
  readonly #uncaught = new UncaughtWatch();

  constructor(world: FrontWorld, material: Material) {
    this.#world = world;
    this.material = material;
  }

  async run(input: FuzzInput): Promise<void> {
    const all = Buffer.concat(input.parts.map(({ bytes }) => bytes)).toString('latin1');
    const client = await RawClient.dial(this.#world.http.port);
    try {
      for (const [at, { bytes }] of input.parts.entries()) {
        client.send(bytes);
        if (input.parts.length < 10 || at % 100 === 0) await this.#world.bystand('small');
        else await new Promise((resolve) => setImmediate(resolve));
      }
      if (input.leaving !== 'cut') await this.#expectEnd(client, all, input.leaving === 'half-closed');
    } finally {
      client.destroy();
    }
    await this.#world.quiet();
    const decoded = all.replaceAll(/%([0-9a-f]{2})/gi, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
    await this.#world.inspect((key) => all.includes(key) || decoded.includes(key));
    this.#uncaught.check();
  }

  async settle(): Promise<void> {
    this.#world.forgetBystander();
    await this.#world.quiet();
    this.#uncaught.check();
  }

  async close(): Promise<void> {
    await this.#world.close();
    this.#uncaught.close();
  }

  async #expectEnd(client: RawClient, all: string, atOnce: boolean): Promise<void> {
    const mayBeHead = all.includes('HEAD');
    // Where the requests stand by themselves, each has its answer, or one says that it is the last.
    const requests = plainRequests(all);
    if (!atOnce && requests !== undefined) {
      await awaited(
        () => `${requests} answers to\n${all}\nwith\n${client.received.toString('latin1')}`,
        () => client.ended || finals(readAnswers(client.received, mayBeHead).answers).length >= requests,
      );
      const answers = finals(readAnswers(client.received, mayBeHead).answers);
      const last = answers.at(-1)?.headers.get('connection');
      const isRight = answers.length === requests || (answers.length < requests && last === 'close');
      if (!isRight && !client.reset) throw new Fault(`${answers.length} answers to ${requests} requests`);
    } else if (!atOnce) {
      for (let round = 0; round < 3; round++) await this.#world.bystand('small');
    }
    client.halfClose();
    await awaited('the end after a half-close', () => client.ended);
    if (!client.reset) readAnswers(client.received, mayBeHead);
  }
}

function finals(answers: readonly Answer[]): readonly Answer[] {
  return answers.filter(({ status }) => status >= 200);
}

/** How many requests these are, when all of them are plain to see: no bodies, nothing unusual; else undefined. */
function plainRequests(all: string): number | undefined {
  const request =
    /(GET|HEAD|DELETE) [!-~]+ HTTP\/1\.1\r\n(Host: [a-z]+\r\n)((Range|If-[A-Z][a-z-]+): [ -~]*\r\n)*\r\n/y;
  let count = 0;
  while (request.lastIndex < all.length) {
    if (!request.test(all)) return undefined;
    count++;
  }
  return count;
}
