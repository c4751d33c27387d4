/**
 * Linearizability of one object's history: is there an order of its operations, each placed at one moment between its
 * call and its return, in which a sequential model gives the very results that were observed? Follows Lowe's
 * just-in-time search: the history is walked once; an operation is placed no later than its return, and every way to
 * place those that are open is kept. An operation without a return may be placed at any later moment, or never.
 */

/** One operation as it was observed. Positions are those of its call and its return in the history; none occurs twice. */
export interface ObservedOperation<O> {
  readonly operation: O;
  readonly calledAt: number;
  /** Undefined: its result is unknown, so it may have happened at any time after its call, or not at all. */
  readonly returnedAt: number | undefined;
  /** Of those of unknown result, equal names mean that they do the same: which of them happened makes no difference. */
  readonly alike?: string;
}

/** What the object does when its operations come one after the other. */
export interface SequentialModel<S, O> {
  readonly initial: S;
  /** The states that the operation, with what it observed, may lead to; none when it cannot have happened here. */
  step(state: S, operation: O): readonly S[];
  /** Equal names mean equal states. */
  nameOf(state: S): string;
}

export type Verdict<S, O> =
  | { readonly kind: 'linearizable'; readonly finalStates: readonly S[] }
  /** When `operation` returned, no order explained it; `states` are those that the object may have had just before. */
  | { readonly kind: 'broken'; readonly operation: ObservedOperation<O>; readonly states: readonly S[] }
  /** There are more orders than `maxOrders`. */
  | { readonly kind: 'undecided'; readonly operation: ObservedOperation<O> };

/** A way in which all returned operations, and those open ones whose bits are set, were placed. */
interface Order<S> {
  readonly state: S;
  readonly placed: number;
}

/** The most operations that may be open at a time, those of unknown result included. */
export const maxOpenOperations = 30;

/** Throws `RangeError` when more than {@link maxOpenOperations} are open at a time. */
export function checkLinearizable<S, O>(
  operations: readonly ObservedOperation<O>[],
  model: SequentialModel<S, O>,
  maxOrders = 200_000,
): Verdict<S, O> {
  const open: OpenOperations<O> = { bySlot: [], optional: 0, twins: new Map(), after: [] };
  const slots = new Map<ObservedOperation<O>, number>();
  let orders: readonly Order<S>[] = [{ state: model.initial, placed: 0 }];
  for (const { operation, isReturn } of eventsOf(operations)) {
    if (!isReturn) {
      const free = open.bySlot.indexOf(undefined);
      const slot = free === -1 ? open.bySlot.length : free;
      if (slot >= maxOpenOperations)
        throw new RangeError(`more than ${maxOpenOperations} operations are open at a time`);
      open.bySlot[slot] = operation.operation;
      open.after[slot] = 0;
      if (operation.returnedAt === undefined) addOptional(open, slot, operation.alike);
      slots.set(operation, slot);
      continue;
    }
    const slot = slots.get(operation) ?? 0;
    const next = ordersWith(slot, orders, open, model, maxOrders);
    if (next === undefined) return { kind: 'undecided', operation };
    if (next.length === 0) return { kind: 'broken', operation, states: statesOf(orders, model) };
    orders = next;
    open.bySlot[slot] = undefined;
  }
  return { kind: 'linearizable', finalStates: statesOf(orders, model) };
}

/** All ways to go on from `orders` by placing open operations until the one in `slot` is placed; its bit is cleared. */
function ordersWith<S, O>(
  slot: number,
  orders: readonly Order<S>[],
  open: OpenOperations<O>,
  model: SequentialModel<S, O>,
  maxOrders: number,
): readonly Order<S>[] | undefined {
  const bit = 1 << slot;
  const found = new OrderSet<S, O>(model, open.optional);
  const seen = new OrderSet<S, O>(model, open.optional);
  let waiting = [...orders];
  // Those with fewer operations placed come first, so that the set drops those that only placed more.
  while (waiting.length > 0) {
    const next: Order<S>[] = [];
    for (const order of waiting) {
      if ((order.placed & bit) !== 0) {
        found.add({ state: order.state, placed: order.placed & ~bit });
        continue;
      }
      for (const [other, operation] of open.bySlot.entries()) {
        if (operation === undefined || (order.placed & (1 << other)) !== 0) continue;
        const after = open.after[other] ?? 0;
        if ((order.placed & after) !== after) continue;
        for (const state of model.step(order.state, operation)) {
          const longer = { state, placed: order.placed | (1 << other) };
          if (seen.add(longer)) next.push(longer);
        }
      }
    }
    if (seen.size > maxOrders) return undefined;
    waiting = next;
  }
  return found.orders();
}

interface OpenOperations<O> {
  readonly bySlot: (O | undefined)[];
  /** Bits of those that need never be placed. */
  optional: number;
  /** Of those that do the same, the bit of the one that was called last. */
  readonly twins: Map<string, number>;
  /** Bits of what must be placed before. */
  readonly after: number[];
}

/** Of optional ones that do the same, the earlier one is placed first: the other orders would add nothing. */
function addOptional<O>(open: OpenOperations<O>, slot: number, alike: string | undefined): void {
  open.optional |= 1 << slot;
  if (alike === undefined) return;
  open.after[slot] = open.twins.get(alike) ?? 0;
  open.twins.set(alike, 1 << slot);
}

/**
 * Orders, but for those that another one makes needless: one that leaves the object in the same state and has placed
 * fewer of the operations that need not be placed at all.
 */
class OrderSet<S, O> {
  readonly #model: SequentialModel<S, O>;
  readonly #optional: number;
  readonly #orders = new Map<string, Order<S>[]>();
  size = 0;

  constructor(model: SequentialModel<S, O>, optional: number) {
    this.#model = model;
    this.#optional = optional;
  }

  /** False when the order is needless. */
  add(order: Order<S>): boolean {
    const name = `${order.placed & ~this.#optional} ${this.#model.nameOf(order.state)}`;
    const like = this.#orders.get(name) ?? [];
    if (like.some(({ placed }) => (placed & ~order.placed) === 0)) return false;
    this.#orders.set(name, [...like.filter(({ placed }) => (order.placed & ~placed) !== 0), order]);
    this.size++;
    return true;
  }

  orders(): readonly Order<S>[] {
    return [...this.#orders.values()].flat();
  }
}

function statesOf<S, O>(orders: readonly Order<S>[], model: SequentialModel<S, O>): readonly S[] {
  return [...new Map(orders.map(({ state }) => [model.nameOf(state), state])).values()];
}

interface HistoryEvent<O> {
  readonly operation: ObservedOperation<O>;
  readonly isReturn: boolean;
  readonly at: number;
}

function eventsOf<O>(operations: readonly ObservedOperation<O>[]): readonly HistoryEvent<O>[] {
  return operations
    .flatMap((operation): HistoryEvent<O>[] => [
      { operation, isReturn: false, at: operation.calledAt },
      ...(operation.returnedAt === undefined ? [] : [{ operation, isReturn: true, at: operation.returnedAt }]),
    ])
    .sort((a, b) => a.at - b.at);
}
