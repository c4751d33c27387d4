import { describe, expect, it } from 'vitest';
import { call, errorOf } from '../../../../../tests/doubles/http-client.ts';
import { serveHttp } from '../../../../../tests/doubles/http-front.ts';
import { readUserMetadata, userMetadataHeaders } from './user-metadata.ts';

const target = '/v1/objects/a';

/** Bytes: with text, the client would send the headers beside it as UTF-8 too. */
const one = Buffer.from('one');

/** What a client sends as UTF-8, as Node gives it. */
const utf8 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

describe('user metadata over HTTP', () => {
  it('is kept with the object, replaced with it, and given back by GET and HEAD', async () => {
    const { port } = await serveHttp();
    const headers = { 'Sion-Meta-Owner': 'anna', 'sion-meta-empty': '', 'sion-meta-city': utf8('Zürich') };
    await call(port, { method: 'PUT', target, body: one, headers });
    for (const method of ['GET', 'HEAD']) {
      const answer = await call(port, { method, target });
      expect(answer.headers).toMatchObject({
        'sion-meta-owner': 'anna',
        'sion-meta-empty': '',
        'sion-meta-city': '=?UTF-8?B?WsO8cmljaA==?=',
      });
    }
    await call(port, { method: 'PUT', target, body: 'two' });
    expect((await call(port, { target })).headers).not.toHaveProperty('sion-meta-owner');
  });

  it.each([
    ['plain text', 'plain text'],
    ['=?UTF-8?B?WsO8cmljaA==?=', 'Zürich'],
    ['=?utf-8?q?Z=C3=BCrich_city?=', 'Zürich city'],
    ['=?UTF-8?B?WsO8?= =?UTF-8?B?cmljaA==?=', 'Zürich'],
    [utf8('日本'), '日本'],
    ['=?ISO-8859-1?Q?a?=', '=?ISO-8859-1?Q?a?='],
  ])('reads %s as %s, and gives it back', (field, text) => {
    expect(readUserMetadata({ 'sion-meta-a': field })).toEqual({ a: text });
    const given = userMetadataHeaders({ a: text })['sion-meta-a'] ?? '';
    expect(given).toMatch(/^[\x20-\x7e]*$/);
    expect(readUserMetadata({ 'sion-meta-a': given })).toEqual({ a: text });
  });

  it.each(['', ' blank ends ', 'two  blanks', 'a\tb', 'line\nbreak', '=?UTF-8?B?WA==?=', '\u0000', '😀'])(
    'carries the text %j in a header and back',
    (text) => {
      const given = userMetadataHeaders({ a: text })['sion-meta-a'] ?? '';
      expect(given).toMatch(/^[\x20-\x7e]*$/);
      expect(readUserMetadata({ 'sion-meta-a': given })).toEqual({ a: text });
    },
  );

  it.each([
    [{ 'sion-meta-': 'x' }, /"" is no name/],
    [{ 'sion-meta-sion-version': '1.1' }, /names that begin with "sion-" are SION’s own/],
    [{ 'sion-meta-__proto__': 'x' }, /is no name/],
    [{ 'sion-meta-a': 'x'.repeat(1900) }, /1901 bytes.*at most 1900/],
    [{ 'sion-meta-a': utf8('ü'.repeat(720)) }, /at most 1900/],
    [{ 'sion-meta-a': 'Z\xfcrich' }, /not UTF-8/],
    [{ 'sion-meta-a': '=?UTF-8?B?//8=?=' }, /encoded word that is not UTF-8/],
  ])('refuses %j', async (headers, message) => {
    const { port, objects } = await serveHttp();
    const answer = await call(port, { method: 'PUT', target, body: one, headers });
    expect([answer.status, errorOf(answer).code]).toEqual([400, 'invalid']);
    expect(errorOf(answer).message).toMatch(message);
    expect(objects.keys()).toEqual([]);
  });

  it('takes exactly the limit, and leaves out what no header can name', async () => {
    const value = 'x'.repeat(1899);
    expect(readUserMetadata({ 'sion-meta-a': value })).toEqual({ a: value });
    expect(userMetadataHeaders({ 'not a name': 'x', b: 'y' })).toEqual({ 'sion-meta-b': 'y' });
  });
});
