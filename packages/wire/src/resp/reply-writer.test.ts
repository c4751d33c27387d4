import { describe, expect, it } from 'vitest';
import {
  arrayReply,
  bulkReply,
  errorReply,
  integerReply,
  mapReply,
  nullArrayReply,
  nullReply,
  okReply,
  type Reply,
} from './reply.ts';
import { ReplyWriter, type RespVersion } from './reply-writer.ts';

function encoded(reply: Reply, version: RespVersion): string {
  const writer = new ReplyWriter();
  writer.write(reply, version);
  return Buffer.concat(writer.take()).toString('latin1');
}

describe('ReplyWriter', () => {
  const forms: [string, Reply, string, string][] = [
    ['simple', okReply, '+OK\r\n', '+OK\r\n'],
    ['error', errorReply('ERR a\r\nb'), '-ERR a  b\r\n', '-ERR a  b\r\n'],
    ['integer', integerReply(-7), ':-7\r\n', ':-7\r\n'],
    ['64 bits', integerReply(9223372036854775807n), ':9223372036854775807\r\n', ':9223372036854775807\r\n'],
    ['bulk', bulkReply(Buffer.from([0, 255, 13, 10])), '$4\r\n\0\xff\r\n\r\n', '$4\r\n\0\xff\r\n\r\n'],
    ['empty bulk', bulkReply(''), '$0\r\n\r\n', '$0\r\n\r\n'],
    ['null', nullReply, '$-1\r\n', '_\r\n'],
    ['null array', nullArrayReply, '*-1\r\n', '_\r\n'],
    ['array', arrayReply([integerReply(1), arrayReply([])]), '*2\r\n:1\r\n*0\r\n', '*2\r\n:1\r\n*0\r\n'],
    ['set', { kind: 'set', items: [bulkReply('a')] }, '*1\r\n$1\r\na\r\n', '~1\r\n$1\r\na\r\n'],
    ['map', mapReply([['a', integerReply(1)]]), '*2\r\n$1\r\na\r\n:1\r\n', '%1\r\n$1\r\na\r\n:1\r\n'],
    ['double', { kind: 'double', value: 1.5 }, '$3\r\n1.5\r\n', ',1.5\r\n'],
    ['infinity', { kind: 'double', value: Number.NEGATIVE_INFINITY }, '$4\r\n-inf\r\n', ',-inf\r\n'],
    ['true', { kind: 'boolean', value: true }, ':1\r\n', '#t\r\n'],
    ['false', { kind: 'boolean', value: false }, ':0\r\n', '#f\r\n'],
    ['verbatim', { kind: 'verbatim', text: 'hi' }, '$2\r\nhi\r\n', '=6\r\ntxt:hi\r\n'],
  ];
  it.each(forms)('writes %s in both versions', (_name, reply, two, three) => {
    expect(encoded(reply, 2)).toBe(two);
    expect(encoded(reply, 3)).toBe(three);
  });

  it('passes large bytes on uncopied and keeps the order', () => {
    const writer = new ReplyWriter();
    const large = Buffer.alloc(10_000, 1);
    writer.write(okReply, 2);
    writer.write(bulkReply(large), 2);
    writer.write(okReply, 2);
    expect(writer.length).toBe(10_000 + 5 + 8 + 2 + 5);
    const parts = writer.take();
    expect(parts).toHaveLength(3);
    expect(parts[1]).toBe(large);
    expect(Buffer.concat(parts).toString('latin1')).toBe(`+OK\r\n$10000\r\n${large.toString('latin1')}\r\n+OK\r\n`);
    expect(writer.length).toBe(0);
    expect(writer.take()).toEqual([]);
  });

  it('gathers many small replies in one buffer, and never writes one again that was taken', () => {
    const writer = new ReplyWriter();
    for (let index = 0; index < 1000; index += 1) writer.write(integerReply(index), 2);
    const first = writer.take();
    const before = Buffer.concat(first);
    expect(first).toHaveLength(1);
    for (let index = 0; index < 5000; index += 1) writer.write(okReply, 2);
    expect(Buffer.concat(first)).toEqual(before);
    expect(Buffer.concat(writer.take()).length).toBe(25_000);
  });

  it('writes a streamed bulk string in parts', () => {
    const writer = new ReplyWriter();
    writer.arrayHeader(1);
    writer.bulkHeader(5);
    writer.bytes(Buffer.from('ab'));
    writer.bytes(Buffer.from('cde'));
    writer.bulkEnd();
    expect(Buffer.concat(writer.take()).toString()).toBe('*1\r\n$5\r\nabcde\r\n');
  });
});
