/**
 * Which commands of one connection may be under way together. A client that sends SET and then GET of a key without
 * waiting must read what it set, though both take their time; commands on different keys need not wait for each other.
 *
 *     | under way on the key ->  | reads | ordered writes | other writes |
 *     | a read may start         | yes   | no             | no           |
 *     | an ordered write         | no    | yes            | no           |
 *     | another write            | no    | no             | no           |
 *
 * A command on the whole keyspace (KEYS, FLUSHALL) runs alone: it must see what was sent before, and leave alone what
 * was sent after it.
 *
 * An ordered write is one that `objects.mutate` takes at once: the engine decides these in the order of their calls.
 */
import type { Key } from '../../objects/objects.ts';
import type { Call, Command } from './command.ts';

type Access = 'read' | 'ordered' | 'exclusive';

interface Turn {
  access: Access;
  count: number;
}

/** See the module. */
export class KeyTurns {
  readonly #turns = new Map<Key, Turn>();
  /** A command on the whole keyspace is under way. */
  #whole = false;

  /** Takes the keys for a command, or nothing when one of them is not free for it. */
  tryBegin(command: Command, call: Pick<Call, 'keys' | 'value'>): boolean {
    const { keys } = call;
    if (command.wholeKeyspace === true) {
      if (this.#whole || this.#turns.size > 0) return false;
      this.#whole = true;
      return true;
    }
    if (keys.length === 0) return true;
    if (this.#whole) return false;
    const access = accessOf(command, call);
    for (const key of keys) {
      const turn = this.#turns.get(key);
      if (turn !== undefined && (turn.access !== access || access === 'exclusive')) return false;
    }
    for (const key of keys) {
      const turn = this.#turns.get(key);
      // A key that the command names twice is counted twice, and given back twice.
      if (turn === undefined) this.#turns.set(key, { access, count: 1 });
      else turn.count += 1;
    }
    return true;
  }

  end(command: Command, keys: readonly Key[]): void {
    if (command.wholeKeyspace === true) this.#whole = false;
    for (const key of keys) {
      const turn = this.#turns.get(key);
      if (turn === undefined) continue;
      turn.count -= 1;
      if (turn.count === 0) this.#turns.delete(key);
    }
  }
}

function accessOf(command: Command, call: Pick<Call, 'value'>): Access {
  if (command.flags.includes('readonly')) return 'read';
  // A streamed value is staged first; its mutation comes when it has arrived.
  return command.mutatesAtOnce === true && call.value === undefined ? 'ordered' : 'exclusive';
}
