/**
 * What happened in a trial or a simulated world, in order: what clients asked and were told, what failed, what went wrong.
 * It is the checker's evidence and people's reading, and its digest tells whether two runs were the same.
 */
import { createHash } from 'node:crypto';
import {
  checkLinearizable,
  describeCall,
  describeFound,
  type FoundObject,
  type ObjectCall,
  type ObjectOperation,
  type ObservedOperation,
  objectModel,
} from '@sion/workload';

/** A call that is under way, or has ended. */
export interface Observation {
  readonly key: string;
  readonly client: string;
  readonly call: ObjectCall;
  readonly calledAt: number;
  /** By the clock that expiry is judged by. */
  readonly calledMs: number;
  /** `unknown`: it may have happened. `void`: it has not, for certain. */
  end: 'open' | 'returned' | 'unknown' | 'void';
  found: FoundObject | undefined;
  returnedAt: number;
  returnedMs: number;
}

export class History {
  readonly #nowMs: () => number;
  readonly #byKey = new Map<string, Observation[]>();
  readonly #unknownsByKey = new Map<string, number>();
  readonly #lines: { readonly key: string | undefined; readonly text: string }[] = [];
  readonly #digest = createHash('sha256');
  operations = 0;
  /** Calls of unknown result. */
  unknowns = 0;

  /** `nowMs` stands before each line, and is when calls begin and end unless that is said. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  call(key: string, client: string, call: ObjectCall, calledMs = this.#nowMs()): Observation {
    const calledAt = this.#lines.length;
    const observation: Observation = {
      ...{ key, client, call, calledAt, calledMs },
      ...{ end: 'open', found: undefined, returnedAt: Number.NaN, returnedMs: Number.NaN },
    };
    const others = this.#byKey.get(key) ?? [];
    this.#byKey.set(key, others);
    others.push(observation);
    this.operations++;
    this.#write(key, `${client} calls ${describeCall(call)} of ${key}`);
    return observation;
  }

  returned(observation: Observation, found: FoundObject | undefined, returnedMs = this.#nowMs()): void {
    observation.found = found;
    observation.returnedMs = returnedMs;
    this.#end(observation, 'returned', describeFound(found));
  }

  /** Its result is unknown. */
  unknown(observation: Observation, reason: string): void {
    this.unknowns++;
    this.#unknownsByKey.set(observation.key, this.unknownsOf(observation.key) + 1);
    this.#end(observation, 'unknown', reason);
  }

  /** It has certainly done nothing. */
  void(observation: Observation, reason: string): void {
    this.#end(observation, 'void', reason);
  }

  note(text: string): void {
    this.#write(undefined, text);
  }

  /** Calls that were not answered yet. */
  get open(): readonly Observation[] {
    return [...this.#byKey.values()].flat().filter(({ end }) => end === 'open');
  }

  get keys(): readonly string[] {
    return [...this.#byKey.keys()];
  }

  /** Calls of the key whose result is unknown. */
  unknownsOf(key: string): number {
    return this.#unknownsByKey.get(key) ?? 0;
  }

  /** A token that somebody has seen under the key, the last one. */
  lastToken(key: string): string | undefined {
    const last = this.#byKey.get(key)?.findLast((each) => tokenSeen(each) !== undefined);
    return last && tokenSeen(last);
  }

  /** What is wrong with a key's history; undefined when it is linearizable. */
  check(key: string): string | undefined {
    const observations = (this.#byKey.get(key) ?? []).filter(({ end }) => end !== 'void');
    const isNeedless = needlessAmong(observations);
    const operations = observations.flatMap((each): ObservedOperation<ObjectOperation>[] => {
      const { call, found, calledMs, calledAt } = each;
      const isKnown = each.end === 'returned';
      if (!isKnown && isNeedless(call)) return [];
      const returnedMs = isKnown ? each.returnedMs : Number.POSITIVE_INFINITY;
      const operation = { call, found, calledMs, returnedMs };
      return [{ operation, calledAt, returnedAt: isKnown ? each.returnedAt : undefined, alike: describeCall(call) }];
    });
    try {
      const verdict = checkLinearizable(operations, objectModel);
      if (verdict.kind === 'linearizable') return undefined;
      const { operation, returnedAt } = verdict.operation;
      const what = `${describeCall(operation.call)} of ${key}, ${describeFound(operation.found)}, at #${returnedAt}`;
      if (verdict.kind === 'undecided') return `${what}: too many orders to decide`;
      const states = verdict.states.map(
        ({ token, expiresAtMs }) => `${token ?? 'nothing'}${expiresAtMs === undefined ? '' : `/${expiresAtMs}`}`,
      );
      return `${what}: no order explains it; possible before: ${[...new Set(states)].join(', ')}`;
    } catch (thrown) {
      return `${key}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    }
  }

  /** Everything that happened, in order; with keys, only what concerns them or no key. */
  render(keys?: ReadonlySet<string>): string {
    return this.#lines
      .flatMap(({ key, text }, at) =>
        keys === undefined || key === undefined || keys.has(key) ? [`#${at}  ${text}`] : [],
      )
      .join('\n');
  }

  /** Equal digests mean equal histories. */
  digest(): string {
    return this.#digest.copy().digest('hex');
  }

  #end(observation: Observation, end: Observation['end'], text: string): void {
    observation.end = end;
    observation.returnedAt = this.#lines.length;
    const { client, call, key, calledAt } = observation;
    const word = end === 'returned' ? '' : `${end} `;
    this.#write(key, `${client} ${word}${describeCall(call)} of ${key} (#${calledAt}): ${text}`);
  }

  #write(key: string | undefined, text: string): void {
    const line = { key, text: `${this.#nowMs().toFixed(3)} ms  ${text}` };
    this.#lines.push(line);
    this.#digest.update(line.text).update('\n');
  }
}

/**
 * Which calls of unknown result explain nothing that is not explained without them, so that the checker need not try
 * them: reads; and writes of a value that nobody saw, which does not expire, unless some call of unknown result may have
 * found it and made something else of it, or somebody saw something without being told what.
 */
function needlessAmong(observations: readonly Observation[]): (call: ObjectCall) => boolean {
  const seen = new Set(observations.map(tokenSeen));
  const buildsOnOthers = ({ kind, ...call }: ObjectCall) =>
    kind === 'increment' || kind === 'expire' || ('onlyIf' in call && call.onlyIf === 'present');
  const isFoundUnseen = observations.some(
    ({ end, call, found }) => (end !== 'returned' && buildsOnOthers(call)) || found?.kind === 'something',
  );
  return (call) => {
    if (call.kind === 'read') return true;
    // Even unseen, one that is volatile may have taken away what was there.
    if (call.kind !== 'write' || call.isVolatile === true || isFoundUnseen) return false;
    return call.expiresAtMs === undefined && !seen.has(call.token);
  };
}

function tokenSeen({ found }: Observation): string | undefined {
  return found?.kind === 'object' || found?.kind === 'value' ? found.token : undefined;
}
