import { compileGlob, type GlobPrefix, globPrefix } from '@sion/core';
import { arrayReply, bulkReply, type Reply } from '@sion/wire';
import type { Key } from '../../../objects/objects.ts';
import type { Call, Command } from '../command.ts';
import { requireInteger } from '../numbers.ts';
import { ReplyError, syntaxError } from '../redis-errors.ts';
import type { ScanPlace } from '../scan-cursors.ts';

/** Keys of one call, whatever COUNT says: what one listing of the store gives. */
const maxCount = 1000;
const defaultCount = 10;

/** SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]; one call is one page of the store's listing. */
export const scan: Command = {
  name: 'scan',
  arity: -2,
  flags: ['readonly'],
  group: 'generic',
  summary: 'Incrementally iterate the keys space',
  since: '2.8.0',
  complexity: 'O(N) for every call, where N is COUNT: one page of the listing of the store.',
  tips: ['nondeterministic_output', 'request_policy:special'],
  wholeKeyspace: true,
  async run(call) {
    const cursor = readCursor(call.args[1]);
    const options = readOptions(call.args.slice(2));
    // Every object is a string: of another type there are none.
    if (options.type !== undefined && options.type !== 'string') return pageReply(0, []);
    const prefix = globPrefix(options.pattern);
    const place = placeOf(call, cursor, prefix.text);
    return prefix.exact ? scanOne(call, prefix) : scanPage(call, place, options);
  },
};

interface ScanOptions {
  readonly pattern: string;
  readonly count: number;
  readonly type?: string;
}

function readOptions(args: readonly Buffer[]): ScanOptions {
  let pattern = '*';
  let count = defaultCount;
  let type: string | undefined;
  for (let at = 0; at < args.length; at += 2) {
    const option = args[at]?.toString('latin1').toLowerCase() ?? '';
    const argument = args[at + 1];
    if (argument === undefined) throw syntaxError();
    if (option === 'match') {
      pattern = argument.toString('latin1');
    } else if (option === 'count') {
      const given = requireInteger(argument);
      if (given < 1n) throw syntaxError();
      count = given > maxCount ? maxCount : Number(given);
    } else if (option === 'type') {
      type = argument.toString('latin1').toLowerCase();
    } else {
      throw syntaxError();
    }
  }
  return { pattern, count, ...(type === undefined ? {} : { type }) };
}

/** As `strtoul` reads it: 64 bits without a sign, and −1 is the greatest of them. */
function readCursor(bytes: Buffer | undefined): bigint {
  const text = bytes?.toString('latin1') ?? '';
  const value = /^[+-]?[0-9]{1,40}$/.test(text) ? BigInt(text.replace('+', '')) : text === '' ? 0n : undefined;
  const size = value === undefined || value >= 0n ? value : -value;
  if (value === undefined || size === undefined || size >= 2n ** 64n) throw new ReplyError('ERR invalid cursor');
  return BigInt.asUintN(64, value);
}

/** Where to go on; undefined = at the beginning. */
function placeOf({ front }: Call, cursor: bigint, prefix: Key): ScanPlace | undefined {
  if (cursor === 0n) return undefined;
  const place = front.scanCursors.placeOf(Number(cursor));
  // A listing of other keys than those that are asked for now would leave some out.
  if (place !== undefined && prefix.startsWith(place.prefix)) return place;
  throw new ReplyError(
    `ERR the cursor ${cursor} is not known here: it was never given for this MATCH, or not used for long, or the proxy has restarted since; start again with SCAN 0`,
  );
}

/** A pattern without wildcards is one key: no listing is needed. */
async function scanOne({ front }: Call, { text }: GlobPrefix): Promise<Reply> {
  const isKey = text.length <= front.settings.maxKeyBytes && (await front.objects.info(text)) !== undefined;
  return pageReply(0, isKey ? [text] : []);
}

async function scanPage({ front }: Call, from: ScanPlace | undefined, options: ScanOptions): Promise<Reply> {
  const { objects, settings, scanCursors } = front;
  const prefix = from?.prefix ?? globPrefix(options.pattern).text;
  if (prefix.length > settings.maxKeyBytes) return pageReply(0, []);
  const after = from === undefined ? {} : { after: from.after };
  const page = await objects.list({ prefix, limit: options.count, ...after });
  const matches = compileGlob(options.pattern);
  const keys = page.objects.map(({ key }) => key).filter(matches);
  return pageReply(page.next === undefined ? 0 : scanCursors.numberOf({ prefix, after: page.next }), keys);
}

function pageReply(cursor: number, keys: readonly Key[]): Reply {
  return arrayReply([bulkReply(String(cursor)), arrayReply(keys.map(bulkReply))]);
}
