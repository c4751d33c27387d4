/** What clients saw in a trial, per key, and what else happened beside it, for the checker and for people. */
import type { Clock } from '@sion/components';
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
  readonly calledMs: number;
  /** `unknown`: it may have happened. `void`: it has not, for certain. */
  end: 'open' | 'returned' | 'unknown' | 'void';
  found: FoundObject | undefined;
  returnedAt: number;
  returnedMs: number;
}

export class History {
  readonly #clock: Clock;
  readonly #observations: Observation[] = [];
  readonly #events: { readonly at: number; readonly text: string }[] = [];
  #position = 0;
  /** Calls of unknown result. */
  unknowns = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get observations(): readonly Observation[] {
    return this.#observations;
  }

  call(key: string, client: string, call: ObjectCall): Observation {
    const calledAt = this.#next();
    const calledMs = this.#clock.wallMs();
    const observation: Observation = {
      ...{ key, client, call, calledAt, calledMs },
      ...{ end: 'open', found: undefined, returnedAt: Number.NaN, returnedMs: Number.NaN },
    };
    this.#observations.push(observation);
    this.note(`${client} calls ${describeCall(call)} of ${key}`);
    return observation;
  }

  returned(observation: Observation, found: FoundObject | undefined): void {
    observation.found = found;
    this.#end(observation, 'returned', describeFound(found));
  }

  /** Its result is unknown. */
  unknown(observation: Observation, reason: string): void {
    this.unknowns++;
    this.#end(observation, 'unknown', reason);
  }

  /** It has certainly done nothing. */
  void(observation: Observation, reason: string): void {
    this.#end(observation, 'void', reason);
  }

  note(text: string): void {
    this.#events.push({ at: this.#next(), text: `${this.#clock.wallMs()} ms  ${text}` });
  }

  /** What is wrong with a key's history, with the history; undefined when it is linearizable. */
  check(key: string): string | undefined {
    const operations = this.#observations
      .filter((each) => each.key === key && each.end !== 'void')
      .map((each): ObservedOperation<ObjectOperation> => {
        const isKnown = each.end === 'returned';
        const { call, found, calledMs, calledAt } = each;
        return {
          operation: { call, found, calledMs, returnedMs: isKnown ? each.returnedMs : Number.POSITIVE_INFINITY },
          calledAt,
          returnedAt: isKnown ? each.returnedAt : undefined,
          alike: describeCall(call),
        };
      });
    const verdict = checkLinearizable(operations, objectModel);
    if (verdict.kind === 'linearizable') return undefined;
    const { operation, returnedAt } = verdict.operation;
    const what = `${describeCall(operation.call)} of ${key}, ${describeFound(operation.found)}, at #${returnedAt}`;
    if (verdict.kind === 'undecided') return `${what}: too many orders to decide`;
    const states = verdict.states.map(
      ({ token, expiresAtMs }) => `${token ?? 'nothing'}${expiresAtMs ? `/${expiresAtMs}` : ''}`,
    );
    return `${what}: no order explains it; possible before: ${[...new Set(states)].join(', ')}`;
  }

  /** Everything that happened, in order; with a key, only what names it or no key. */
  render(key?: string): string {
    return this.#events
      .filter(({ text }) => key === undefined || !/ k\d\b| c\d\b/.test(text) || text.includes(` ${key}`))
      .map(({ at, text }) => `#${at}  ${text}`)
      .join('\n');
  }

  #end(observation: Observation, end: Observation['end'], text: string): void {
    observation.end = end;
    observation.returnedAt = this.#next();
    observation.returnedMs = this.#clock.wallMs();
    const { client, call, key, calledAt } = observation;
    this.note(
      `${client} ${end === 'returned' ? '' : `${end} `}${describeCall(call)} of ${key} (#${calledAt}): ${text}`,
    );
  }

  #next(): number {
    return ++this.#position;
  }
}
