/**
 * Every bad input that a test shows, with what one gets for it and which setting or limit decides. The table of
 * docs/bad-input.md is this one; a test holds the two together, and each row to its test.
 */

export interface BadInput {
  readonly input: string;
  readonly gets: string;
  /** A setting, a fixed limit, or a dash. */
  readonly limit: string;
  /** The file under tests/bad-input that shows it. */
  readonly test: string;
}

const redis: readonly Omit<BadInput, 'test'>[] = [
  { input: 'too few or too many arguments', gets: '`ERR wrong number of arguments …`', limit: '—' },
  { input: 'a counter beyond 64 bits', gets: '`ERR … overflow`, value unchanged', limit: '64 bits' },
  { input: 'a counter that is no number', gets: '`ERR value is not an integer …`, value unchanged', limit: '—' },
  { input: 'a command of another type', gets: '`ERR unknown command …`', limit: '—' },
  { input: 'a key that is too long', gets: '`ERR … key …`', limit: '`SION_MAX_KEY_BYTES`' },
  {
    input: 'a value of 10 GB that is announced',
    gets: '`ERR Protocol error: invalid bulk length`, closed before any of it is read',
    limit: '`SION_MAX_RESP_VALUE_BYTES`',
  },
  {
    input: 'more arguments than are allowed',
    gets: '`ERR Protocol error: invalid multibulk length`, closed',
    limit: '`SION_MAX_RESP_ARGUMENTS`',
  },
  {
    input: 'arguments that do not stream and are too much for memory',
    gets: '`CAPACITY …`; they are read and dropped, the connection goes on',
    limit: '`SION_RESP_BUFFERED_COMMAND_BYTES`',
  },
  {
    input: 'garbage without a line end',
    gets: '`ERR Protocol error: too big inline request`, closed',
    limit: '64 KiB',
  },
  {
    input: 'garbage in lines',
    gets: 'an error for each line, or `ERR Protocol error: unbalanced quotes in request`, closed',
    limit: '—',
  },
  { input: 'HTTP on the port of Redis', gets: 'closed', limit: '—' },
  {
    input: 'a value that never ends',
    gets: '`ERR no byte of the command came for …`, closed, nothing stored',
    limit: '`SION_RESP_STALL_MS`',
  },
  { input: 'a client that leaves in the middle of a value', gets: 'nothing stored', limit: '—' },
  {
    input: 'a client that never reads its answers',
    gets: 'it waits alone, then is cut',
    limit: '`SION_RESP_UNSENT_BYTES`, `SION_RESP_STALL_MS`',
  },
];

const http: readonly Omit<BadInput, 'test'>[] = [
  { input: 'a body shorter than its length', gets: '400 `invalid`, nothing stored', limit: '—' },
  {
    input: 'a body that stands still',
    gets: '408 `timeout`, closed, nothing stored',
    limit: '`SION_HTTP_BODY_IDLE_MS`',
  },
  { input: 'a body longer than its length', gets: 'the rest is a request of its own: 400 `invalid`', limit: '—' },
  { input: 'a negative length', gets: '400 `invalid`, closed', limit: '—' },
  { input: 'two lengths', gets: '400 `invalid`, closed', limit: '—' },
  { input: 'a length and chunks', gets: '400 `invalid`, closed', limit: '—' },
  {
    input: 'a length above the limit',
    gets: '413 `too-large`, before the body',
    limit: '`SION_MAX_HTTP_OBJECT_BYTES`',
  },
  {
    input: 'chunks above the limit',
    gets: '413 `too-large`, closed, nothing stored',
    limit: '`SION_MAX_HTTP_OBJECT_BYTES`',
  },
  { input: 'a chunked body that breaks off', gets: '400 `invalid`, nothing stored', limit: '—' },
  { input: 'a malformed range', gets: '400 `invalid`', limit: '—' },
  { input: 'a range outside the object', gets: '416 `range-not-satisfiable`', limit: '—' },
  { input: 'a broken percent-encoding', gets: '400 `invalid`', limit: '—' },
  { input: 'a path whose key is too long', gets: '400 `invalid`', limit: '`SION_MAX_KEY_BYTES`' },
  { input: 'a flood of headers', gets: '431 `invalid`, closed', limit: '16384 bytes' },
  { input: 'headers that come one byte at a time', gets: '408 `timeout`, closed', limit: '`SION_HTTP_HEADER_MS`' },
  { input: 'a download that nobody reads', gets: 'it waits alone, then is cut', limit: '`SION_HTTP_BODY_IDLE_MS`' },
  {
    input: 'a thousand requests at once on one connection',
    gets: 'the first are served, then it is cut',
    limit: '64 waiting',
  },
];

const disk: readonly Omit<BadInput, 'test'>[] = [
  {
    input: 'a full disk',
    gets: '`CAPACITY …`, 507 `capacity`; reads and deletes go on, writes again once there is room',
    limit: 'the disk',
  },
];

const durability: readonly Omit<BadInput, 'test'>[] = [
  {
    input: 'an unknown durability of a connection',
    gets: '`ERR durability … is unknown`, the connection keeps the one it had',
    limit: '`store`, `journal`, `memory`',
  },
  {
    input: 'an unknown durability of a request',
    gets: '400 `invalid`, nothing stored',
    limit: '`store`, `journal`, `memory`',
  },
  {
    input: 'memory alone, and no place in memory',
    gets: '400 `invalid`, before the body',
    limit: '—',
  },
  {
    input: 'memory alone, for an object that is too large for it',
    gets: '`CAPACITY …`, 507 `capacity`; what was there stays',
    limit: '`SION_MAX_PLACED_BYTES`',
  },
  {
    input: 'a journal at its bound while the store is away',
    gets: '`UNAVAILABLE …`, 503 `unavailable`, as without a journal; reads go on, and writes once the store is back',
    limit: '`SION_JOURNAL_BYTES`, `SION_JOURNAL_MAX_AGE_MS`',
  },
  {
    input: 'a journal that cannot be read',
    gets: 'the proxy does not start: exit code 1, the file, and what to do',
    limit: '—',
  },
  {
    input: 'a full disk under the journal',
    gets: 'writes go to the store at once; one whose record is half written may get `INDETERMINATE …`',
    limit: 'the disk',
  },
];

const unreachable: readonly Omit<BadInput, 'test'>[] = [
  {
    input: 'a store that breaks every connection',
    gets: '`UNAVAILABLE …`, 503 `unavailable`; `INDETERMINATE …`, 504 for a write that may have been carried out',
    limit: '—',
  },
  {
    input: 'a store that takes requests and never answers',
    gets: 'the same, after a time-out; other keys are served',
    limit: 'patience of the S3 client',
  },
];

const heavy: readonly Omit<BadInput, 'test'>[] = [
  {
    input: 'ten thousand idle connections',
    gets: 'they idle; others are served',
    limit: '`SION_MAX_RESP_CONNECTIONS`',
  },
  {
    input: 'one connection more than are allowed',
    gets: '`ERR max number of clients reached`, closed',
    limit: '`SION_MAX_RESP_CONNECTIONS`',
  },
  { input: 'a pipeline of a million commands', gets: 'a million answers', limit: '`SION_RESP_PIPELINE_COMMANDS`' },
  {
    input: 'ten reads of 100 MiB that nobody reads',
    gets: 'the reader waits alone, then is cut',
    limit: '`SION_RESP_STALL_MS`',
  },
  { input: 'a gibibyte that is streamed', gets: 'it is stored and read back', limit: '`SION_BODY_MEMORY_BYTES`' },
];

const of = (rows: readonly Omit<BadInput, 'test'>[], test: string) => rows.map((row) => ({ ...row, test }));

export const badInputs: readonly BadInput[] = [
  ...of(redis, 'redis.test.ts'),
  ...of(http, 'http.test.ts'),
  ...of(disk, 'store.test.ts'),
  ...of(durability, 'durability.test.ts'),
  ...of(unreachable, 'unreachable.ci.test.ts'),
  ...of(heavy, 'heavy.ci.test.ts'),
];

/** The title of a row's test. */
export function titleOf(input: string): string {
  const row = badInputs.find((each) => each.input === input);
  if (row === undefined) throw new Error(`${input} is not in the table`);
  return `${row.input}: ${row.gets}`;
}
