import { describe, expect, test } from 'vitest';
import { until } from '../../../../tests/doubles/turns.ts';
import { chunkOf, createRig, entryOf, epoch, ok, quiet, refusedAs } from './fleet-rig.test-data.ts';

describe('a session', () => {
  test('opens for a request, lingers, ends, and opens again over the same links', async () => {
    const rig = await createRig();
    const chunk = chunkOf(1);
    expect(await rig.fleet.store(0, chunk)).toEqual(ok);
    expect(rig.state()).toBe('open');
    expect(rig.functions.invocations).toHaveLength(1);
    expect(rig.invocation().payload).toMatchObject({ kind: 'session', node: 'sion-node-000', epoch, session: 1 });
    expect(await rig.fleet.fetch(0, chunk.id)).toEqual({ kind: 'ok', value: chunk.payload, isSole: true });
    expect(rig.functions.invocations).toHaveLength(1);

    await rig.endSession();
    expect(rig.instance().got('end')).toHaveLength(1);
    expect(rig.invocation().isOver).toBe(true);
    expect(rig.fleet.linkCount).toBe(2);

    expect(await rig.fleet.fetch(0, chunk.id)).toMatchObject({ kind: 'ok' });
    expect(rig.functions.invocations).toHaveLength(2);
    expect(rig.network.dialled).toHaveLength(2);
    expect(rig.lost).toEqual([]);
    expect(rig.metrics.snapshot().invocations.request).toBe(2);
    await rig.fleet.close();
  });

  test('sends nothing after END', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    const instance = rig.instance();
    instance.onEnd = () => {};
    await quiet();
    rig.clock.advance(1000);
    await until(() => instance.got('end').length === 1);
    expect(rig.state()).toBe('ending');
    const sent = instance.received.length;
    const late = rig.fleet.store(0, chunkOf(2));
    rig.clock.advance(900);
    await quiet();
    expect(instance.received).toHaveLength(sent);
    // What came meanwhile is served by the next session.
    rig.invocation().returns();
    expect(await late).toEqual(ok);
    expect(rig.functions.invocations).toHaveLength(2);
    await rig.fleet.close();
  });

  test('sends chunks from the threshold on over the bulk link, smaller ones over control', async () => {
    const rig = await createRig({ bulkThresholdBytes: 100 });
    await rig.hold(chunkOf(1, 'a'.repeat(99)));
    await rig.hold(chunkOf(2, 'a'.repeat(100)));
    await rig.fleet.fetch(0, chunkOf(1).id);
    await rig.fleet.fetch(0, chunkOf(2).id);
    const used = rig
      .instance()
      .received.filter(({ frame }) => frame.message.type === 'store' || frame.message.type === 'fetch')
      .map(({ link, frame }) => [link, frame.message.type]);
    expect(used).toEqual([
      ['control', 'store'],
      ['bulk', 'store'],
      ['control', 'fetch'],
      ['bulk', 'fetch'],
    ]);
    await rig.fleet.close();
  });

  test('of its greatest age ends once its requests are answered; what waits is served by the next one', async () => {
    const rig = await createRig({ sessionMaxMs: 20_000, requestTimeoutMs: 60_000 });
    await rig.hold(chunkOf(1));
    await rig.hold(chunkOf(2));
    const instance = rig.instance();
    const held: (() => void)[] = [];
    instance.takeOver = (received) => {
      if (received.frame.message.type !== 'fetch') return false;
      held.push(() => instance.answer(received));
      return true;
    };
    const first = rig.fleet.fetch(0, chunkOf(1).id);
    await until(() => held.length === 1);
    for (let passed = 0; passed < 20_000; passed += 250) {
      rig.clock.advance(250);
      await quiet();
    }
    expect(rig.state()).toBe('ending');
    expect(instance.got('end')).toHaveLength(0);
    const second = rig.fleet.fetch(0, chunkOf(2).id);
    held[0]?.();
    expect(await first).toMatchObject({ kind: 'ok' });
    await until(() => held.length === 2);
    expect(instance.got('end')).toHaveLength(1);
    expect(rig.functions.invocations).toHaveLength(2);
    held[1]?.();
    expect(await second).toMatchObject({ kind: 'ok' });
    await rig.fleet.close();
  });

  test('books its invocation and what it cost under the cause that woke it', async () => {
    const rig = await createRig();
    await rig.fleet.store(0, chunkOf(1), { cause: 'recovery' });
    await rig.endSession();
    await rig.fleet.warm(1);
    const { invocations, costUsd } = rig.metrics.snapshot();
    expect(invocations).toEqual({ request: 0, warmup: 1, recovery: 1, migration: 0 });
    // 100 ms of 1 GB, and a request.
    expect(costUsd.recovery).toBeCloseTo(0.1 * 0.0000133334 + 0.0000002, 12);
    expect(costUsd.warmup).toBe(costUsd.recovery);
    expect(costUsd.serving).toBe(0);
    await rig.fleet.close();
  });

  test('is booked also when nobody hears of its end, and not when it never ran', async () => {
    const rig = await createRig();
    await rig.fleet.store(0, chunkOf(1));
    rig.clock.advance(250);
    rig.invocation().end({ kind: 'unavailable', message: 'the connection broke' });
    await until(() => rig.state() === 'backoff');
    rig.functions.onInvoke = (invocation) => invocation.end({ kind: 'unavailable', message: 'connection refused' });
    await rig.fleet.store(1, chunkOf(2));
    const { costUsd } = rig.metrics.snapshot();
    expect(costUsd.serving).toBeCloseTo(0.25 * 0.0000133334 + 0.0000002, 12);
    rig.functions.onInvoke = (invocation) => invocation.returns();
    await rig.fleet.close();
  });
});

describe('loss', () => {
  test('of an instance between sessions: exactly what it held, before anything is asked for', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    await rig.hold(chunkOf(2));
    await rig.hold(chunkOf(3), 1);
    await rig.endSession();
    const lostLinks = rig.instance();
    rig.reclaim();
    const reply = await rig.fleet.fetch(0, chunkOf(1).id);
    expect(reply).toEqual(refusedAs('missing'));
    expect(rig.lost).toEqual([{ node: 0, ids: [1, 2] }]);
    expect(rig.instance().got('fetch')).toEqual([]);
    expect(rig.instance().got('list')).toEqual([]);
    expect(rig.fleet.status()[0]).toMatchObject({ chunks: 0, losses: 1, instance: rig.instance().id });
    expect([...rig.fleet.manifest(1)]).toEqual([entryOf(chunkOf(3))]);
    // The newer instance's links replace the older one's.
    await quiet();
    expect(lostLinks.closed.toSorted()).toEqual(['bulk', 'control']);
    await rig.fleet.close();
  });

  test('of some chunks only is found by listing, and strays are evicted', async () => {
    const rig = await createRig();
    for (let counter = 1; counter <= 4; counter++) await rig.hold(chunkOf(counter));
    await rig.endSession();
    const instance = rig.instance();
    instance.manifest.remove(chunkOf(2).id);
    instance.hold(chunkOf(99).id, 5, Buffer.from('stray'));
    expect(await rig.fleet.fetch(0, chunkOf(3).id)).toMatchObject({ kind: 'ok' });
    expect(rig.lost).toEqual([{ node: 0, ids: [2] }]);
    expect(instance.got('evict')).toEqual([{ type: 'evict', ids: [chunkOf(99).id] }]);
    expect(instance.manifest.digest()).toMatchObject({ count: 3 });
    await rig.endSession();
    expect(await rig.fleet.fetch(0, chunkOf(3).id)).toMatchObject({ kind: 'ok' });
    expect(instance.got('list')).toHaveLength(1);
    await rig.fleet.close();
  });

  test('is found over many pages', async () => {
    const rig = await createRig();
    const entries = Array.from({ length: 3000 }, (_, at) => entryOf(chunkOf(at + 1)));
    rig.fleet.restore(0, entries);
    const instance = rig.instance();
    for (const { id, checksum } of entries.slice(10)) instance.hold(id, checksum, Buffer.from(`chunk ${id.counter}`));
    expect(await rig.fleet.fetch(0, chunkOf(2500).id)).toMatchObject({ kind: 'ok' });
    expect(rig.lost).toEqual([{ node: 0, ids: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }]);
    expect(instance.got('list').map(({ from }) => from)).toEqual([0, 1024, 2048]);
    await rig.fleet.close();
  });

  test('of everything is learnt from a warm-up already', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    await rig.endSession();
    await rig.fleet.warm(0);
    expect(rig.lost).toEqual([]);
    rig.reclaim();
    await rig.fleet.warm(0);
    expect(rig.lost).toEqual([{ node: 0, ids: [1] }]);
    await rig.fleet.close();
  });

  test('of a restored manifest is found at the first session; what is there is kept', async () => {
    const rig = await createRig();
    const [kept, gone] = [chunkOf(1), chunkOf(2)];
    rig.fleet.restore(0, [entryOf(kept), entryOf(gone)]);
    rig.instance().hold(kept.id, kept.checksum, kept.payload);
    expect(await rig.fleet.fetch(0, gone.id)).toEqual(refusedAs('missing'));
    expect(rig.lost).toEqual([{ node: 0, ids: [2] }]);
    expect(await rig.fleet.fetch(0, kept.id)).toMatchObject({ kind: 'ok' });
    await rig.fleet.close();
  });
});

describe('invocations that fail', () => {
  test('throttled: the request waits and is served within its deadline', async () => {
    const rig = await createRig({}, { serve: false });
    const stored = rig.fleet.store(0, chunkOf(1));
    rig
      .invocation()
      .end({ kind: 'throttled', reason: 'ReservedFunctionConcurrentInvocationLimitExceeded', retryAfterMs: 300 });
    await until(() => rig.state() === 'backoff');
    rig.clock.advance(299);
    await quiet();
    expect(rig.functions.invocations).toHaveLength(1);
    rig.clock.advance(1);
    expect(rig.functions.invocations).toHaveLength(2);
    await rig.instance().open(rig.invocation().payload);
    expect(await stored).toEqual(ok);
    expect(rig.metrics.snapshot().invocations.request).toBe(1);
    expect(rig.invocation(0).payload.token).not.toBe(rig.invocation(1).payload.token);
    rig.invocation().returns();
    await rig.fleet.close();
  });

  test('throttled for longer than a request can wait: that one is refused at once', async () => {
    const rig = await createRig({}, { serve: false });
    const hasty = rig.fleet.store(0, chunkOf(1), { timeoutMs: 200 });
    const patient = rig.fleet.store(0, chunkOf(2), { timeoutMs: 2000 });
    rig.invocation().end({ kind: 'throttled', reason: 'CallerRateLimitExceeded', retryAfterMs: 300 });
    expect(await hasty).toEqual(refusedAs('unavailable'));
    rig.clock.advance(300);
    await rig.instance().open(rig.invocation().payload);
    expect(await patient).toEqual(ok);
    rig.invocation().returns();
    await rig.fleet.close();
  });

  test('without a service: what waits is refused, and so is what comes until the next attempt', async () => {
    const rig = await createRig({}, { serve: false });
    const first = rig.fleet.store(0, chunkOf(1));
    rig.invocation().end({ kind: 'unavailable', message: 'connection refused' });
    expect(await first).toEqual(refusedAs('unavailable'));
    expect(await rig.fleet.store(0, chunkOf(1))).toEqual(refusedAs('unavailable'));
    expect(rig.functions.invocations).toHaveLength(1);
    expect(rig.fleet.fill(0).usedBytes).toBe(0);
    rig.clock.advance(100);
    const second = rig.fleet.store(0, chunkOf(1));
    expect(rig.functions.invocations).toHaveLength(2);
    await rig.instance().open(rig.invocation().payload);
    expect(await second).toEqual(ok);
    expect(rig.metrics.snapshot().invocations.request).toBe(1);
    rig.invocation().returns();
    await rig.fleet.close();
  });

  test('a function that dies is tried once more for those who wait, not twice', async () => {
    const rig = await createRig({}, { serve: false });
    const stored = rig.fleet.store(0, chunkOf(1));
    const dies = { kind: 'function-error', errorType: 'Runtime.ExitError', message: 'exit status 1' } as const;
    rig.invocation().end(dies);
    await until(() => rig.state() === 'backoff');
    rig.clock.advance(50);
    expect(rig.functions.invocations).toHaveLength(2);
    rig.invocation().end(dies);
    expect(await stored).toEqual(refusedAs('unavailable'));
    expect(rig.state()).toBe('backoff');
    await rig.fleet.close();
  });

  test('the pauses grow and stay bounded', async () => {
    const rig = await createRig({ backoffBaseMs: 100, backoffMaxMs: 1000 }, { serve: false });
    const pauses: number[] = [];
    for (let failure = 0; failure < 7; failure++) {
      void rig.fleet.store(0, chunkOf(1));
      rig.invocation().end({ kind: 'unavailable', message: 'no' });
      await until(() => rig.state() === 'backoff');
      const since = rig.clock.monotonicMs();
      while (rig.state() === 'backoff') rig.clock.advance(25);
      pauses.push(rig.clock.monotonicMs() - since);
    }
    expect(pauses).toEqual([50, 100, 200, 400, 500, 500, 500]);
    await rig.fleet.close();
  });

  test('an outage of the service is no storm: attempts after failures are spaced over the whole fleet', async () => {
    const rig = await createRig({ nodes: 100, retriesPerSecond: 10 }, { serve: false });
    const attempts = () => rig.functions.invocations.length;
    rig.functions.onInvoke = (invocation) => invocation.end({ kind: 'unavailable', message: 'no' });
    const all = Array.from({ length: 100 }, (_, node) => node);
    const tryAll = () => Promise.all(all.map((node) => rig.fleet.store(node, chunkOf(1))));
    await tryAll();
    await quiet();
    expect(attempts()).toBe(100);
    for (let passed = 0; passed < 5000; passed += 100) {
      rig.clock.advance(100);
      await tryAll();
      await quiet();
    }
    expect(attempts() - 100).toBeLessThanOrEqual(51);
    expect(attempts() - 100).toBeGreaterThanOrEqual(45);
    await rig.fleet.close();
  });

  test('a node is never invoked before the last invocation has returned', async () => {
    const rig = await createRig({}, { serve: false });
    const first = rig.fleet.store(0, chunkOf(1), { timeoutMs: 60_000 });
    rig.clock.advance(rig.settings.openTimeoutMs);
    expect(rig.state()).toBe('severed');
    rig.clock.advance(1000);
    expect(rig.functions.invocations).toHaveLength(1);
    rig.invocation().returns({ ended: 'unreachable' });
    await until(() => rig.state() === 'backoff');
    rig.clock.advance(50);
    expect(rig.functions.invocations).toHaveLength(2);
    await rig.instance().open(rig.invocation().payload);
    expect(await first).toEqual(ok);
    rig.invocation().returns();
    await rig.fleet.close();
  });

  test('an invocation that never dials: after the hello time-out its token is void', async () => {
    const rig = await createRig({}, { serve: false });
    const stored = rig.fleet.store(0, chunkOf(1));
    rig.clock.advance(rig.settings.openTimeoutMs);
    const late = rig.instance();
    await late.open(rig.invocation().payload);
    await quiet();
    expect(late.got('refuse').map(({ code }) => code)).toEqual(['session', 'session']);
    expect(await stored).toEqual(refusedAs('timeout'));
    // It does not return either: whoever comes now is refused at once instead of waiting for it.
    rig.clock.advance(rig.settings.returnGraceMs);
    expect(await rig.fleet.store(0, chunkOf(2))).toEqual(refusedAs('unavailable'));
    rig.invocation().returns({ ended: 'refused' });
    await until(() => rig.state() === 'backoff');
    await rig.fleet.close();
  });

  test('a session with one link only is given up after the same time', async () => {
    const rig = await createRig({ heartbeatMs: 5000, silenceMs: 20_000 }, { serve: false });
    void rig.fleet.store(0, chunkOf(1));
    await rig.instance().hello('control', rig.invocation().payload);
    await until(() => rig.state() === 'open');
    rig.clock.advance(rig.settings.openTimeoutMs);
    expect(rig.state()).toBe('severed');
    rig.invocation().returns();
    await rig.fleet.close();
  });
});

describe('closing', () => {
  test('lets what was sent finish, refuses the rest, and waits for the invocations', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    const instance = rig.instance();
    const fetched = rig.fleet.fetch(0, chunkOf(1).id);
    await until(() => instance.got('fetch').length === 1);
    const waking = rig.fleet.store(1, chunkOf(2));
    let closed = false;
    const closing = rig.fleet.close().then(() => {
      closed = true;
    });
    expect(await fetched).toMatchObject({ kind: 'ok' });
    expect(await waking).toEqual(refusedAs('closed'));
    expect(await rig.fleet.store(0, chunkOf(3))).toEqual(refusedAs('closed'));
    expect(closed).toBe(false);
    // Node 1's instance is refused and returns.
    rig.invocation(1).returns({ ended: 'refused' });
    await closing;
    expect(rig.functions.invocations.every((invocation) => invocation.isOver)).toBe(true);
    expect(rig.fleet.linkCount).toBe(0);
    expect(rig.clock.pendingTimers()).toBe(0);
    await expect(rig.network.dial('127.0.0.1', rig.fleet.linkPort, 100)).rejects.toThrow(/nobody listens/);
  });

  test('does not wait for ever for an invocation that never returns', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    rig.instance().onEnd = () => {};
    const closing = rig.fleet.close();
    await quiet();
    rig.clock.advance(rig.settings.closeTimeoutMs);
    await closing;
    expect(rig.fleet.linkCount).toBe(0);
  });

  test('of an idle fleet is immediate, and leaves no timer', async () => {
    const rig = await createRig();
    await rig.hold(chunkOf(1));
    await rig.endSession();
    await rig.fleet.close();
    await rig.fleet.warm(0);
    expect(rig.functions.invocations).toHaveLength(1);
    expect(rig.clock.pendingTimers()).toBe(0);
  });
});
