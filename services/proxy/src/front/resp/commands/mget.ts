import { bulkReply, nullReply, type Reply } from '@sion/wire';
import type { Key, ObjectBody, ReadOutcome } from '../../../objects/objects.ts';
import type { Answer, AnswerOutput } from '../answer.ts';
import { mapBounded } from '../bounded.ts';
import type { Call, Command } from '../command.ts';

/** Values that are taken together before the answer begins to be sent; beyond, values go out one by one. */
const wholeBytes = 1024 * 1024;

/** MGET key [key …]; each key is read on its own, not all at one moment. */
export const mget: Command = {
  name: 'mget',
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: -1, step: 1, flags: ['RO', 'access'] },
  group: 'string',
  summary: 'Get the values of all the given keys',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of keys to retrieve.',
  tips: ['request_policy:multi_shard'],
  async run(call): Promise<Answer> {
    const reader = new KeysReader(call);
    const items: Reply[] = [];
    let heldBytes = 0;
    try {
      for (let next = await reader.next(); next !== undefined; next = await reader.next()) {
        if (next.kind !== 'hit') {
          items.push(nullReply);
          continue;
        }
        const { body } = next;
        heldBytes += body.sizeBytes;
        if (heldBytes > wholeBytes) return streamed(items, body, reader);
        items.push(bulkReply(await body.bytes()));
      }
    } catch (error) {
      reader.cancel();
      throw error;
    }
    return { kind: 'array', items };
  },
};

/** Sends what was gathered, then the body that did not fit, then the rest. */
function streamed(gathered: readonly Reply[], body: ObjectBody, reader: KeysReader): Answer {
  const cancel = () => {
    body.cancel();
    reader.cancel();
  };
  return {
    kind: 'streamed',
    async send(out) {
      try {
        await out.arrayHeader(reader.count);
        for (const reply of gathered) await out.reply(reply);
        await out.bulk(body.sizeBytes, body);
        for (let next = await reader.next(); next !== undefined; next = await reader.next()) await sendOne(out, next);
      } catch (error) {
        cancel();
        throw error;
      }
    },
    cancel,
  };
}

async function sendOne(out: AnswerOutput, outcome: ReadOutcome): Promise<void> {
  if (outcome.kind !== 'hit') return out.reply(nullReply);
  try {
    await out.bulk(outcome.body.sizeBytes, outcome.body);
  } catch (error) {
    outcome.body.cancel();
    throw error;
  }
}

/** Reads keys in their order, a few ahead; large values one by one. */
class KeysReader {
  readonly #call: Call;
  #at = 0;
  #ahead: ReadOutcome[] = [];

  constructor(call: Call) {
    this.#call = call;
  }

  get count(): number {
    return this.#call.keys.length;
  }

  /** The next key's outcome, which is then the caller's; undefined after the last. */
  async next(): Promise<ReadOutcome | undefined> {
    if (this.#ahead.length === 0) await this.#readAhead();
    return this.#ahead.shift();
  }

  /** Lets go of what was read ahead. */
  cancel(): void {
    for (const outcome of this.#ahead.splice(0)) cancelOutcome(outcome);
    this.#at = this.count;
  }

  async #readAhead(): Promise<void> {
    const { front, signal, keys } = this.#call;
    const { parallelKeys } = front.settings;
    const some: Key[] = [];
    for (let expectedBytes = 0; some.length < parallelKeys; this.#at += 1) {
      const key = keys[this.#at];
      if (key === undefined) break;
      expectedBytes += front.objects.sizeHint(key);
      if (some.length > 0 && expectedBytes > wholeBytes) break;
      some.push(key);
    }
    const read: ReadOutcome[] = [];
    const readOne = async (key: Key) => {
      const outcome = await front.objects.read(key, { signal });
      read.push(outcome);
      return outcome;
    };
    try {
      this.#ahead = await mapBounded(some, parallelKeys, readOne);
    } catch (error) {
      for (const outcome of read) cancelOutcome(outcome);
      throw error;
    }
  }
}

function cancelOutcome(outcome: ReadOutcome): void {
  if (outcome.kind === 'hit') outcome.body.cancel();
}
