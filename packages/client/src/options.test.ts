import { describe, expect, it } from 'vitest';
import { createClient } from './create-client.ts';
import { readSettings, readUrl } from './options.ts';

describe('an address', () => {
  it.each([
    ['sion://h', { host: 'h' }],
    ['sion://h:7000', { host: 'h', port: 7000 }],
    ['sion://h:7000/?http=7001', { host: 'h', port: 7000, httpPort: 7001 }],
    ['sion://[::1]:7000?http=7001', { host: '::1', port: 7000, httpPort: 7001 }],
    [
      'sions://ada:s%3Ae%2Fc%40@h?http=443',
      { host: 'h', tls: true, username: 'ada', password: 's:e/c@', httpPort: 443 },
    ],
    ['sion://:secret@h', { host: 'h', password: 'secret' }],
    ['sion://h?timeoutMs=5&name=me&durability=memory', { host: 'h', timeoutMs: 5, name: 'me', durability: 'memory' }],
    ['sion://h?httpHost=files', { host: 'h', httpHost: 'files' }],
  ])('%s', (text, options) => {
    expect(readUrl(text)).toEqual(options);
  });

  it.each([
    ['redis://h:6380', 'sion://'],
    ['h:6380', 'sion://'],
    ['sion://', 'sion://'],
    ['', 'sion://'],
    ['sion://h/1', 'one database'],
    ['sion://h?tsl=true', 'tsl'],
    ['sion://h?http=abc', 'httpPort'],
    ['sion://h?http=', 'httpPort'],
    ['sion://h?durability=maybe', 'durability'],
  ])('%j is refused with the remedy', (text, remedy) => {
    expect(() => createClient(text)).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining(remedy) }),
    );
  });

  it('in a refusal shows no password', () => {
    expect(() => readUrl('redis://ada:secret@h')).toThrow(expect.not.stringContaining('secret'));
  });

  it('yields to options', async () => {
    const client = createClient('sion://h:1?timeoutMs=5', { host: '127.0.0.1', retries: 0, timeoutMs: 5_000 });
    await expect(client.ping()).rejects.toThrow('127.0.0.1:1');
    await client.close();
  });
});

describe('options', () => {
  it('have the defaults of a SION on this machine', () => {
    const settings = readSettings({});
    expect(settings).toMatchObject({ host: '127.0.0.1', port: 6380, httpHost: '127.0.0.1', httpPort: 6381 });
    expect(settings).toMatchObject({ durability: undefined, tls: undefined, username: undefined, password: undefined });
    expect(readSettings({ host: 'h', tls: true, password: 'p' })).toMatchObject({
      httpHost: 'h',
      tls: {},
      username: 'default',
    });
    expect(readSettings({ port: undefined, tls: false })).toMatchObject({ port: 6380, tls: undefined });
  });

  it.each([
    [{ prot: 1 }, 'prot is unknown'],
    [{ port: 0 }, 'port: 0'],
    [{ port: 1.5 }, 'port: 1.5'],
    [{ port: '6380' }, 'port: "6380"'],
    [{ timeoutMs: -1 }, 'timeoutMs: -1'],
    [{ timeoutMs: Number.POSITIVE_INFINITY }, 'timeoutMs'],
    [{ host: '' }, 'host'],
    [{ username: 'ada' }, 'password'],
    [{ durability: 'never' }, 'store, journal, memory'],
    [{ minRetryMs: 100, maxRetryMs: 10 }, 'minRetryMs'],
  ])('%o is refused', (options, remedy) => {
    expect(() => readSettings(options as object)).toThrow(remedy);
  });
});
