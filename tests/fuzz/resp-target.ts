/**
 * The RESP server under the fuzzer: one client sends the input, a bystander reads all the while. Every request that the
 * bytes hold must get exactly one reply, a broken one the reason and the end of the connection, and nothing else may
 * come.
 */
import fc from 'fast-check';
import { encodeCommand } from '../doubles/resp-client.ts';
import { type FrontWorld, limits, openFrontWorld } from './front-world.ts';
import { type FuzzInput, type Material, readCorpus } from './input.ts';
import { RawClient } from './raw-client.ts';
import { readRequests, replyEnd } from './resp-grammar.ts';
import { awaited, Fault, type FuzzTarget, UncaughtWatch } from './target.ts';

const texts = ['GET', 'SET', 'DEL', 'MGET', 'MSET', 'INCR', 'INCRBY', 'INCRBYFLOAT', 'APPEND', 'SETRANGE', 'GETRANGE'];
const moreTexts = ['EXPIRE', 'PERSIST', 'TTL', 'EXISTS', 'STRLEN', 'TYPE', 'GETEX', 'GETDEL', 'COPY', 'RENAME', 'SCAN'];
const stillMore = ['HELLO', 'CLIENT', 'CONFIG', 'COMMAND', 'OBJECT', 'INFO', 'PING', 'ECHO', 'RESET', 'SELECT', 'QUIT'];
const options = [
  'EX',
  'PX',
  'NX',
  'XX',
  'GT',
  'KEEPTTL',
  'GET',
  'MATCH',
  'COUNT',
  'TYPE',
  'INFO',
  'LIST',
  'DOCS',
  '3',
  '2',
];
const values = ['a', 'b', 'key', '0', '-1', '10', '9223372036854775807', '1e17', 'inf', 'nan', '', '*', '[^a]*', 'k\\'];

const argument = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...options, ...values) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1')) },
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(513), 'y'.repeat(2000), 'z'.repeat(20_000)) },
);
const fresh = fc
  .tuple(fc.constantFrom(...texts, ...moreTexts, ...stillMore), fc.array(argument, { maxLength: 6 }))
  .map(([name, args]) => ({ stream: 0, bytes: encodeCommand([name, ...args]) }));

const words = [
  '\r\n',
  '\n',
  '\r',
  '*',
  '$',
  '$-1\r\n',
  '*-1\r\n',
  '*0\r\n',
  '*1\r\n$4\r\nPING\r\n',
  '"',
  "'",
  '\0',
  ' ',
];

/** Commands whose answers are not one to one, or that may end other connections. */
const uncounted = new Set(['client', 'subscribe', 'psubscribe', 'ssubscribe', 'monitor', 'sync', 'psync', 'shutdown']);

export async function openRespTarget(): Promise<FuzzTarget> {
  const corpus = readCorpus('resp');
  return new RespTarget(await openFrontWorld(), {
    messages: corpus.filter(({ isWhole }) => isWhole).flatMap(({ parts }) => parts),
    fresh,
    words: words.map((word) => Buffer.from(word, 'latin1')),
    numbers: 'text',
  });
}

class RespTarget implements FuzzTarget {
  readonly material: Material;
  readonly #world: FrontWorld;
  readonly #uncaught = new UncaughtWatch();

  constructor(world: FrontWorld, material: Material) {
    this.#world = world;
    this.material = material;
  }

  async run(input: FuzzInput): Promise<void> {
    const all = Buffer.concat(input.parts.map(({ bytes }) => bytes));
    const mayKill = /kill|pause|reply/i.test(all.toString('latin1'));
    const client = await RawClient.dial(this.#world.resp.port);
    try {
      await this.#send(client, input, mayKill);
      if (input.leaving === 'answered') await this.#expectAnswers(client, all);
      else if (input.leaving === 'half-closed') await this.#expectEnd(client);
    } finally {
      client.destroy();
      if (mayKill) this.#world.forgetBystander();
    }
    await this.#world.quiet();
    await this.#world.inspect((key) => isNamed(all, key));
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

  async #send(client: RawClient, { parts }: FuzzInput, mayKill: boolean): Promise<void> {
    for (const [at, { bytes }] of parts.entries()) {
      client.send(bytes);
      // The bystander's answer in between: the parts arrive apart, and nobody else is held up.
      if (!mayKill && (parts.length < 10 || at % 100 === 0)) await this.#world.bystand('small');
      else await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #expectAnswers(client: RawClient, all: Buffer): Promise<void> {
    const { names, end } = readRequests(all, {
      ...{ maxArguments: limits.maxArguments, maxValueBytes: limits.maxRespValueBytes },
      maxLineBytes: limits.maxInlineBytes,
    });
    const last = names.findIndex((name) => ['quit', 'post', 'host:'].includes(name));
    const counted = last < 0 ? names : names.slice(0, last + 1);
    const closes = last >= 0 || end === 'broken';
    const replies = counted.length + (last < 0 && end === 'broken' ? 1 : 0);
    const isUncounted = counted.some((name) => uncounted.has(name));
    const seen = { count: 0, at: 0 };
    const look = () => {
      for (let next: number | undefined = seen.at; next !== undefined; ) {
        next = seen.at < client.received.length ? replyEnd(client.received, seen.at) : undefined;
        if (next === undefined) break;
        seen.at = next;
        seen.count++;
      }
      return client.ended || (!isUncounted && !closes && seen.count >= replies);
    };
    if (isUncounted) {
      // Killed, silenced or paused, or answered as everybody: what comes must be whole, that is all.
      for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve));
      look();
      return;
    }
    await awaited(() => `${replies} replies${closes ? ' and the end' : ''}, with ${seen.count} seen`, look);
    look();
    this.#judge(client, { ...seen, replies, closes, mayLack: names[last] === 'post' || names[last] === 'host:' });
  }

  #judge(
    client: RawClient,
    seen: { count: number; at: number; replies: number; closes: boolean; mayLack: boolean },
  ): void {
    const text = client.received.toString('latin1');
    if (/-ERR internal:|-ERR corrupt:/.test(text)) throw new Fault(`a defect is told: ${text.slice(-300)}`);
    if (client.reset) return;
    if (seen.at < client.received.length)
      throw new Fault(`half a reply: ${JSON.stringify(text.slice(seen.at, seen.at + 200))}`);
    const lacking = seen.replies - seen.count;
    if (lacking !== 0 && !(seen.mayLack && lacking === 1))
      throw new Fault(`${seen.count} replies to ${seen.replies} requests`);
    if (client.ended !== seen.closes)
      throw new Fault(seen.closes ? 'the connection stays open' : 'the connection is closed');
  }

  async #expectEnd(client: RawClient): Promise<void> {
    client.halfClose();
    await awaited('the end after a half-close', () => client.ended);
    let at = 0;
    for (let end = replyEnd(client.received, 0); end !== undefined && at < client.received.length; ) {
      at = end;
      end = at < client.received.length ? replyEnd(client.received, at) : undefined;
    }
  }
}

/** The key stands in the bytes, or the bytes have escapes, with which any key can be written. */
function isNamed(bytes: Buffer, key: string): boolean {
  return (
    bytes.includes(Buffer.from(key, 'latin1')) || bytes.includes('\\') || bytes.includes('"') || bytes.includes("'")
  );
}
