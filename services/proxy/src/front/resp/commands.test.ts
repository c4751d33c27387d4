import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RespClient } from '../../../../../tests/doubles/resp-client.ts';
import { type RespFront, serveResp } from '../../../../../tests/doubles/resp-front.ts';
import { commands } from './commands/index.ts';

let front: RespFront;
let client: RespClient;

beforeEach(async () => {
  front = await serveResp();
  client = await front.dial();
});

afterEach(() => front.close());

/** Sends inline commands and expects each one's exact reply. */
async function converse(lines: readonly (readonly [string, string])[]): Promise<void> {
  for (const [line, reply] of lines) {
    client.send(`${line}\r\n`);
    expect(`${line} => ${await client.reply()}`).toBe(`${line} => ${reply}`);
  }
}

const ok = '+OK\r\n';
const nil = '$-1\r\n';
const syntaxError = '-ERR syntax error\r\n';
const notInteger = '-ERR value is not an integer or out of range\r\n';

describe('connection commands', () => {
  it('answers PING, ECHO and SELECT', () =>
    converse([
      ['PING', '+PONG\r\n'],
      ['ping hello', '$5\r\nhello\r\n'],
      ['PING a b', "-ERR wrong number of arguments for 'ping' command\r\n"],
      ['ECHO "a\\x00b"', '$3\r\na\0b\r\n'],
      ['SELECT 0', ok],
      ['SELECT 1', '-ERR DB index is out of range\r\n'],
      ['SELECT x', notInteger],
      ['SELECT 2147483648', '-ERR value is out of range, value must between -2147483648 and 2147483647\r\n'],
    ]));

  it('greets in both versions, and refuses others', async () => {
    await converse([
      ['HELLO 4', '-NOPROTO unsupported protocol version\r\n'],
      ['HELLO x', '-ERR Protocol version is not an integer or out of range\r\n'],
      ['HELLO 3 FOO', "-ERR Syntax error in HELLO option 'FOO'\r\n"],
      ['HELLO 3 AUTH bob x', '-WRONGPASS invalid username-password pair or user is disabled.\r\n'],
      ['HELLO 3 SETNAME "a b"', '-ERR Client names cannot contain spaces, newlines or special characters.\r\n'],
      ['GET nothing', nil],
      [
        'HELLO 3 AUTH default x SETNAME me',
        '%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:1\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n',
      ],
      ['GET nothing', '_\r\n'],
      ['CLIENT GETNAME', '$2\r\nme\r\n'],
      ['RESET', '+RESET\r\n'],
      ['GET nothing', nil],
      ['CLIENT GETNAME', nil],
    ]);
    expect(await client.call('HELLO')).toMatch(/^\*14\r\n/);
  });

  it('keeps what a client tells about itself', async () => {
    await converse([
      ['CLIENT ID', ':1\r\n'],
      ['CLIENT SETNAME me', ok],
      ['CLIENT SETINFO lib-name lib', ok],
      ['CLIENT SETINFO LIB-VER 1.2', ok],
      ['CLIENT SETINFO lib-color red', "-ERR Unrecognized option 'lib-color'\r\n"],
      ['CLIENT SETINFO lib-name "a b"', '-ERR lib-name cannot contain spaces, newlines or special characters.\r\n'],
      ['CLIENT NO-EVICT on', ok],
      ['CLIENT NO-TOUCH off', ok],
      ['CLIENT NO-EVICT maybe', syntaxError],
      ['CLIENT FOO', "-ERR unknown subcommand 'FOO'. Try CLIENT HELP.\r\n"],
      ['CLIENT GETNAME x', "-ERR wrong number of arguments for 'client|getname' command\r\n"],
      ['CLIENT', "-ERR wrong number of arguments for 'client' command\r\n"],
    ]);
    expect(await client.call('CLIENT', 'INFO')).toMatch(
      /id=1 addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+ fd=-1 name=me age=0 .* cmd=client\|info user=default redir=-1 resp=2 lib-name=lib lib-ver=1\.2\n/,
    );
  });

  it('chooses the durability of the connection, and says which there are', () =>
    converse([
      ['SION DURABILITY store', ok],
      ['SION DURABILITY Journal', ok],
      ['SION DURABILITY memory', ok],
      ['SION DURABILITY tape', "-ERR durability 'tape' is unknown; use SION DURABILITY store, journal or memory\r\n"],
      ['SION DURABILITY', '$6\r\nmemory\r\n'],
      ['SION DURABILITY store x', "-ERR wrong number of arguments for 'sion|durability' command\r\n"],
      ['SION FOO', "-ERR unknown subcommand 'FOO'. Try SION HELP.\r\n"],
    ]));

  it('answers an unknown command as Redis does', async () => {
    await converse([
      ['FOO a b', "-ERR unknown command 'FOO', with args beginning with: 'a' 'b' \r\n"],
      ['MULTI', "-ERR unknown command 'MULTI', with args beginning with: \r\n"],
    ]);
    const long = 'x'.repeat(200);
    expect(await client.call(long, long, 'b')).toBe(
      `-ERR unknown command '${'x'.repeat(128)}', with args beginning with: '${'x'.repeat(128)}' \r\n`,
    );
    expect(await client.call('FOO', 'a\r\nb\0c')).toBe(
      "-ERR unknown command 'FOO', with args beginning with: 'a  b' \r\n",
    );
  });
});

describe('string commands', () => {
  it('sets under conditions and gives old values', () =>
    converse([
      ['GET k', nil],
      ['SET k v1', ok],
      ['GET k', '$2\r\nv1\r\n'],
      ['SET k v2 NX', nil],
      ['SET k v2 XX', ok],
      ['SET other v XX', nil],
      ['SET k v3 GET', '$2\r\nv2\r\n'],
      ['SET k v4 NX GET', '$2\r\nv3\r\n'],
      ['SET fresh v NX GET', nil],
      ['GET fresh', '$1\r\nv\r\n'],
      ['SET absent v XX GET', nil],
      ['GET absent', nil],
      ['SET k v NX XX', syntaxError],
      ['SET k v EX 10 PX 10', syntaxError],
      ['SET k v KEEPTTL EX 10', syntaxError],
      ['SET k v EX', syntaxError],
      ['SET k v FOO', syntaxError],
      ['SET k', "-ERR wrong number of arguments for 'set' command\r\n"],
      ['GET k', '$2\r\nv3\r\n'],
    ]));

  it('sets with an expiry', async () => {
    await converse([
      ['SET k v EX 10', ok],
      ['TTL k', ':10\r\n'],
      ['PTTL k', ':10000\r\n'],
      ['SET k w KEEPTTL', ok],
      ['TTL k', ':10\r\n'],
      ['SET k w', ok],
      ['TTL k', ':-1\r\n'],
      ['SET k v PX 1499', ok],
      ['TTL k', ':1\r\n'],
      ['SET k v EXAT 1700000100', ok],
      ['TTL k', ':100\r\n'],
      ['SET k v PXAT 1700000000500', ok],
      ['TTL k', ':1\r\n'],
      ['SET k v EX 0', "-ERR invalid expire time in 'set' command\r\n"],
      ['SET k v PX -1', "-ERR invalid expire time in 'set' command\r\n"],
      ['SET k v EX x', notInteger],
      ['SET k v EX 9223372036854775807', "-ERR invalid expire time in 'set' command\r\n"],
      ['SET k v PX 9223372036854775807', "-ERR invalid expire time in 'set' command\r\n"],
      ['SET k v PXAT 9223372036854775807', ok],
      ['SET k past EXAT 1 GET', '$1\r\nv\r\n'],
      ['GET k', nil],
      ['SET k v PX 500', ok],
    ]);
    front.advance(500);
    await converse([
      ['GET k', nil],
      ['TTL k', ':-2\r\n'],
      ['EXISTS k', ':0\r\n'],
    ]);
  });

  it('refuses an old value that is too large to give back, and keeps it', async () => {
    const value = Buffer.alloc(5 * 1024 * 1024, 'x');
    expect(await client.call('SET', 'k', value)).toBe(ok);
    expect(await client.call('SET', 'k', 'v', 'GET')).toBe(
      '-CAPACITY the old value has 5242880 bytes, SET with GET gives back at most 4194304; use GET, then SET\r\n',
    );
    expect(await client.call('STRLEN', 'k')).toBe(':5242880\r\n');
  });

  it('works on many keys', () =>
    converse([
      ['MSET a 1 b 2 a 3', ok],
      ['MGET a b c a', '*4\r\n$1\r\n3\r\n$1\r\n2\r\n$-1\r\n$1\r\n3\r\n'],
      ['MSET a', "-ERR wrong number of arguments for 'mset' command\r\n"],
      ['MSET a 1 b', "-ERR wrong number of arguments for 'mset' command\r\n"],
      ['EXISTS a a b c', ':3\r\n'],
      ['DEL a a c', ':1\r\n'],
      ['UNLINK b', ':1\r\n'],
      ['MGET a b', '*2\r\n$-1\r\n$-1\r\n'],
    ]));

  it('tells lengths and types', () =>
    converse([
      ['SET k hello', ok],
      ['STRLEN k', ':5\r\n'],
      ['STRLEN no', ':0\r\n'],
      ['TYPE k', '+string\r\n'],
      ['TYPE no', '+none\r\n'],
    ]));

  it('counts in 64 bits', () =>
    converse([
      ['INCR n', ':1\r\n'],
      ['INCRBY n 9007199254740993', ':9007199254740994\r\n'],
      ['DECRBY n 4', ':9007199254740990\r\n'],
      ['DECR n', ':9007199254740989\r\n'],
      ['SET n 9223372036854775806', ok],
      ['INCR n', ':9223372036854775807\r\n'],
      ['INCR n', '-ERR increment or decrement would overflow\r\n'],
      ['DECRBY n -9223372036854775808', '-ERR decrement would overflow\r\n'],
      ['SET n -9223372036854775808', ok],
      ['DECR n', '-ERR increment or decrement would overflow\r\n'],
      ['INCRBY n 9223372036854775808', notInteger],
      ['SET n 01', ok],
      ['INCR n', notInteger],
      ['SET n 1 EX 100', ok],
      ['INCR n', ':2\r\n'],
      ['TTL n', ':100\r\n'],
    ]));

  it('adds floats as Redis does', () =>
    converse([
      ['INCRBYFLOAT f 3.0e3', '$4\r\n3000\r\n'],
      ['INCRBYFLOAT f 0.1', '$22\r\n3000.10000000000000009\r\n'],
      ['INCRBYFLOAT f 0x1p-3', '$22\r\n3000.22500000000000009\r\n'],
      ['INCRBYFLOAT f -4000.225', '$5\r\n-1000\r\n'],
      ['INCRBYFLOAT f inf', '-ERR increment would produce NaN or Infinity\r\n'],
      ['INCRBYFLOAT f nan', '-ERR value is not a valid float\r\n'],
      ['INCRBYFLOAT f " 1"', '-ERR value is not a valid float\r\n'],
      ['SET f abc', ok],
      ['INCRBYFLOAT f 1', '-ERR value is not a valid float\r\n'],
    ]));

  it('changes expiry times', () =>
    converse([
      ['EXPIRE no 10', ':0\r\n'],
      ['SET k v', ok],
      ['PERSIST k', ':0\r\n'],
      ['EXPIRE k 10 XX', ':0\r\n'],
      ['EXPIRE k 10 GT', ':0\r\n'],
      ['EXPIRE k 10 NX', ':1\r\n'],
      ['EXPIRE k 20 NX', ':0\r\n'],
      ['EXPIRE k 20 LT', ':0\r\n'],
      ['PEXPIRE k 20000 GT', ':1\r\n'],
      ['PTTL k', ':20000\r\n'],
      ['PERSIST k', ':1\r\n'],
      ['TTL k', ':-1\r\n'],
      ['EXPIRE k 10 NX XX', '-ERR NX and XX, GT or LT options at the same time are not compatible\r\n'],
      ['EXPIRE k 10 GT LT', '-ERR GT and LT options at the same time are not compatible\r\n'],
      ['EXPIRE k 10 FOO', '-ERR Unsupported option FOO\r\n'],
      ['EXPIRE k x', notInteger],
      ['EXPIRE k 9223372036854775807', "-ERR invalid expire time in 'expire' command\r\n"],
      ['PEXPIRE no 9223372036854775807', "-ERR invalid expire time in 'pexpire' command\r\n"],
      ['EXPIRE k -1', ':1\r\n'],
      ['EXISTS k', ':0\r\n'],
    ]));

  it('bounds keys', async () => {
    expect(await client.call('SET', 'k'.repeat(512), 'v')).toBe(ok);
    for (const args of [
      ['GET', 'k'.repeat(513)],
      ['MGET', 'a', 'k'.repeat(513)],
      ['SET', 'k'.repeat(513), 'v'.repeat(5000)],
    ]) {
      expect(await client.call(...args)).toBe(
        '-ERR key is too long (513 bytes, the limit is 512); shorten the key\r\n',
      );
    }
    expect(await client.call('SET', '', 'empty')).toBe(ok);
    expect(await client.call('GET', '')).toBe('$5\r\nempty\r\n');
  });
});

describe('server commands', () => {
  it('tells parameters', () =>
    converse([
      ['CONFIG GET save', '*2\r\n$4\r\nsave\r\n$0\r\n\r\n'],
      ['CONFIG GET append*', '*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n'],
      ['CONFIG GET nothing', '*0\r\n'],
      [
        'CONFIG GET MAXMEMORY databases maxmem?ry',
        '*6\r\n$9\r\nMAXMEMORY\r\n$1\r\n0\r\n$9\r\ndatabases\r\n$1\r\n1\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n',
      ],
      ['CONFIG GET', "-ERR wrong number of arguments for 'config|get' command\r\n"],
      ['CONFIG SET a b', "-ERR Unknown option or number of arguments for CONFIG SET - 'a'\r\n"],
    ]));

  it('describes its commands as Redis describes them', () =>
    converse([
      [
        'COMMAND INFO get foo',
        '*2\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n*3\r\n+@read\r\n+@string\r\n+@fast\r\n*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+RO\r\n+access\r\n$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n*0\r\n$-1\r\n',
      ],
      [
        'COMMAND DOCS get foo',
        '*2\r\n$3\r\nget\r\n*10\r\n$7\r\nsummary\r\n$22\r\nGet the value of a key\r\n$5\r\nsince\r\n$5\r\n1.0.0\r\n$5\r\ngroup\r\n$6\r\nstring\r\n$10\r\ncomplexity\r\n$4\r\nO(1)\r\n$9\r\narguments\r\n*1\r\n*6\r\n$4\r\nname\r\n$3\r\nkey\r\n$4\r\ntype\r\n$3\r\nkey\r\n$14\r\nkey_spec_index\r\n:0\r\n',
      ],
      ['COMMAND COUNT', `:${commands.length}\r\n`],
      ['COMMAND FOO', "-ERR unknown subcommand 'FOO'. Try COMMAND HELP.\r\n"],
    ]));

  it('tells its state in sections', async () => {
    await client.call('FOO');
    const all = await client.call('INFO');
    for (const line of [
      'redis_version:7.0.15',
      'connected_clients:1',
      'role:master',
      'state:serving',
      'sion_durability:store',
      'sion_journal_records:0',
      'sion_journal_failing_seconds:0',
      'gets_miss:0',
      'total_error_replies:1',
      'total_commands_processed:1',
    ]) {
      expect(all).toContain(`\r\n${line}\r\n`);
    }
    expect(all).toContain(`\r\ntcp_port:${front.server.port}\r\n`);
    expect(await client.call('INFO', 'KEYSPACE')).toBe('$12\r\n# Keyspace\r\n\r\n');
    expect(await client.call('INFO', 'nothing')).toBe('$0\r\n\r\n');
    await client.call('HELLO', '3');
    expect(await client.call('INFO', 'keyspace')).toBe('=16\r\ntxt:# Keyspace\r\n\r\n');
  });
});
