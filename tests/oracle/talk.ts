/**
 * One conversation with two servers at once: sends each line to both, reads both replies, and compares what the line asks
 * to compare. It knows no command.
 */
import { expect } from 'vitest';
import type { RespClient } from '../doubles/resp-client.ts';
import { type Comparison, type Conversation, type OracleLine, textOf } from './conversations/line.ts';

/** A server that can be talked to. */
export interface OracleServer {
  dial(): Promise<RespClient>;
}

/** The connections to one server. */
interface Side {
  readonly own: RespClient;
  readonly other: RespClient | undefined;
  /** What stands for `{id}` and the like there. */
  readonly words: ReadonlyMap<string, string>;
}

/** Leads it on fresh connections, after deleting its keys; fails at the first line that is not answered alike. */
export async function lead(
  conversation: Conversation,
  servers: readonly [OracleServer, OracleServer],
  version: '2' | '3',
): Promise<void> {
  const [ours, theirs] = await Promise.all([
    open(servers[0], conversation, version),
    open(servers[1], conversation, version),
  ]);
  for (const line of conversation) await compareLine(line, ours, theirs);
  for (const { own, other } of [ours, theirs]) {
    await own.close();
    await other?.close();
  }
}

async function open(server: OracleServer, conversation: Conversation, version: string): Promise<Side> {
  const own = await server.dial();
  await own.call('HELLO', version);
  await own.call('DEL', ...keysOf(conversation));
  const texts = conversation.map(textOf).join('\n');
  const needsOther =
    texts.includes('{other.') || conversation.some((line) => typeof line === 'object' && 'other' in line);
  const other = needsOther ? await server.dial() : undefined;
  const words = new Map<string, string>();
  if (/\{(?:other\.)?\w+\}/.test(texts)) {
    for (const [prefix, client] of [
      ['', own],
      ['other.', other],
    ] as const) {
      const described = (await client?.call('CLIENT', 'INFO')) ?? '';
      for (const name of ['id', 'addr', 'laddr']) words.set(`{${prefix}${name}}`, fieldOf(described, name));
    }
  }
  return { own, other, words };
}

async function compareLine(line: OracleLine, ours: Side, theirs: Side): Promise<void> {
  const isOnOther = typeof line === 'object' && 'other' in line;
  const clients = [ours, theirs].map((side) => {
    const client = isOnOther ? side.other : side.own;
    if (client === undefined) throw new Error('There is no second connection.');
    client.send(`${fill(textOf(line), side.words)}\r\n`);
    return client;
  });
  const comparison = comparisonOf(line);
  if (comparison === 'silence') return;
  const [our = '', their = ''] = await Promise.all(
    clients.map((client) => (comparison === 'end' ? client.rest() : client.reply())),
  );
  const text = textOf(line);
  if (typeof line === 'object' && 'difference' in line) {
    expect(`${text} => ${show(our)}`, `${line.difference}: not any more`).not.toBe(`${text} => ${show(their)}`);
    return;
  }
  if (isNear(comparison, our, their)) return;
  expect(`${text} => ${show(part(comparison, our))}`).toBe(`${text} => ${show(part(comparison, their))}`);
}

function comparisonOf(line: OracleLine): Comparison | undefined {
  if (typeof line === 'string') return undefined;
  if ('other' in line) return line.isClosed === true ? 'end' : undefined;
  return 'compare' in line ? line.compare : undefined;
}

function fill(line: string, words: ReadonlyMap<string, string>): string {
  return line.replaceAll(/\{(?:other\.)?\w+\}/g, (word) => words.get(word) ?? word);
}

/** The keys that a conversation uses, to begin without them. */
function keysOf(conversation: Conversation): readonly string[] {
  const words = conversation.flatMap((line) => textOf(line).split(' '));
  return ['', ...new Set(words.filter((word) => /^[a-z]+:[a-z]+$/.test(word)))];
}

/** Whether both are integers, as near to each other as the line asks. */
function isNear(comparison: Comparison | undefined, our: string, their: string): boolean {
  if (typeof comparison !== 'object' || !('within' in comparison)) return false;
  return (
    our[0] === ':' && their[0] === ':' && Math.abs(Number(our.slice(1)) - Number(their.slice(1))) <= comparison.within
  );
}

/** What of a reply is compared as text. */
function part(comparison: Comparison | undefined, reply: string): string {
  if (comparison === 'kind') return reply[0] ?? '';
  if (comparison === 'unordered') return reply.split('\r\n').toSorted().join('\n');
  if (typeof comparison !== 'object' || !('fields' in comparison)) return reply;
  const lines = reply.split('\n').filter((line) => line.includes('='));
  return lines.map((line) => comparison.fields.map((name) => `${name}=${fieldOf(line, name)}`).join(' ')).join('\n');
}

function fieldOf(text: string, name: string): string {
  return new RegExp(`(?:^|[\\s:])${name}=(\\S*)`).exec(text)?.[1] ?? '(missing)';
}

/** A reply that can be read in a failure's message. */
export function show(text: string): string {
  return JSON.stringify(text);
}
