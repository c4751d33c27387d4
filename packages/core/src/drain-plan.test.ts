import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions, type DrainChange, type DrainMetadata, planDrain, type SeenObject } from './drain-plan.ts';

const put = (version: string, metadata: DrainMetadata = {}): DrainChange => ({
  version,
  change: { kind: 'put', metadata: { version, ...metadata } },
});
const metadata = (version: string, of: string, ofVersion = version): DrainChange => ({
  version,
  change: { kind: 'metadata', metadata: { version: ofVersion, expiresAtMs: 5 }, of },
});
const remove = (version: string, of?: string): DrainChange => ({
  version,
  change: { kind: 'delete', ...(of === undefined ? {} : { of }) },
});
const seen = (version?: string, more: DrainMetadata = {}): SeenObject => ({
  etag: '"e"',
  metadata: { ...(version === undefined ? {} : { version }), ...more },
});

describe('what has to be done', () => {
  it.each<[string, DrainChange, SeenObject | undefined, ReturnType<typeof planDrain>]>([
    ['put, nothing there', put('2.5'), undefined, { kind: 'put', etag: undefined }],
    ['metadata, nothing there', metadata('2.5', '"e"'), undefined, { kind: 'superseded' }],
    ['delete, nothing there', remove('2.5'), undefined, { kind: 'done' }],
    ['put over an older one', put('2.5'), seen('2.4'), { kind: 'put', etag: '"e"' }],
    ['put over one of an earlier epoch', put('2.5'), seen('1.900'), { kind: 'put', etag: '"e"' }],
    ['metadata of an older one', metadata('2.5', '"e"'), seen('2.4'), { kind: 'superseded' }],
    ['delete of an older one', remove('2.5'), seen('2.4'), { kind: 'delete', etag: '"e"' }],
    ['put, the very version', put('2.5'), seen('2.5'), { kind: 'done' }],
    ['put, its expiry differs', put('2.5', { expiresAtMs: 1 }), seen('2.5'), { kind: 'metadata', etag: '"e"' }],
    ['metadata, done already', metadata('2.9', '"o"', '2.5'), seen('2.5', { expiresAtMs: 5 }), { kind: 'done' }],
    ['metadata, to be done', metadata('2.9', '"o"', '2.5'), seen('2.5'), { kind: 'metadata', etag: '"e"' }],
    ['put, a later one', put('2.5'), seen('2.6'), { kind: 'superseded' }],
    ['put, one of a later epoch', put('2.5'), seen('3.1'), { kind: 'superseded' }],
    ['metadata, a later one', metadata('2.5', '"e"'), seen('2.6'), { kind: 'superseded' }],
    ['delete, a later one', remove('2.5'), seen('2.6'), { kind: 'superseded' }],
    ['put over what others put', put('2.5'), seen(), { kind: 'put', etag: '"e"' }],
    ['metadata of what others put', metadata('2.5', '"e"'), seen(), { kind: 'metadata', etag: '"e"' }],
    ['metadata, others have replaced it', metadata('2.5', '"o"'), seen(), { kind: 'superseded' }],
    ['delete of what others put', remove('2.5', '"e"'), seen(), { kind: 'delete', etag: '"e"' }],
    ['delete, others have replaced it', remove('2.5', '"o"'), seen(), { kind: 'superseded' }],
    ['delete of nothing, others have put', remove('2.5'), seen(), { kind: 'superseded' }],
    ['put over what only looks like one of ours', put('2.5'), seen('v1'), { kind: 'put', etag: '"e"' }],
  ])('%s', (_, change, object, step) => {
    expect(planDrain(change, object)).toEqual(step);
  });

  it('compares by epoch, then by counter, as numbers', () => {
    expect(compareVersions('9.9', '10.1')).toBeLessThan(0);
    expect(compareVersions('1.10', '1.9')).toBeGreaterThan(0);
    expect(compareVersions('3.7', '3.7')).toBe(0);
    expect(() => compareVersions('3', '3.7')).toThrow(/<epoch>\.<counter>/);
  });

  it('user metadata counts whatever its order', () => {
    const object = seen('1.1', { user: { b: '2', a: '1' } });
    expect(planDrain(put('1.1', { user: { a: '1', b: '2' } }), object)).toEqual({ kind: 'done' });
    expect(planDrain(put('1.1', { user: { a: '1' } }), object)).toEqual({ kind: 'metadata', etag: '"e"' });
  });
});

/** The store after a step: each change gives another tag. */
function carryOut(change: DrainChange, object: SeenObject | undefined, tag: string): SeenObject | undefined {
  const step = planDrain(change, object);
  switch (step.kind) {
    case 'put':
    case 'metadata':
      if (step.etag !== object?.etag) throw new Error('a step was conditional on what was not seen');
      return change.change.kind === 'delete' ? object : { etag: tag, metadata: change.change.metadata };
    case 'delete':
      return undefined;
    default:
      return object;
  }
}

const versions = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 })).map((pair) => pair.join('.'));
const objects = fc.option(
  fc.record({
    etag: fc.constantFrom('"e"', '"o"'),
    metadata: fc.option(versions).map((v) => (v ? { version: v } : {})),
  }),
  { nil: undefined },
);
const changes = fc.oneof(
  versions.map((version) => put(version)),
  fc.tuple(versions, fc.constantFrom('"e"', '"o"')).map(([version, of]) => metadata(version, of)),
  fc.tuple(versions, fc.option(fc.constantFrom('"e"', '"o"'))).map(([version, of]) => remove(version, of ?? undefined)),
);

describe('whatever the store has', () => {
  it('one step is enough, and doing it again changes nothing', () => {
    fc.assert(
      fc.property(changes, objects, (change, object) => {
        const once = carryOut(change, object, '"1"');
        expect(['done', 'superseded']).toContain(planDrain(change, once).kind);
        expect(carryOut(change, once, '"2"')).toEqual(once);
      }),
    );
  });

  it('a later version stays', () => {
    fc.assert(
      fc.property(changes, versions, (change, version) => {
        fc.pre(compareVersions(version, change.version) > 0);
        const object = seen(version);
        expect(carryOut(change, object, '"1"')).toEqual(object);
      }),
    );
  });

  it('records of one name end where their last one does, however often earlier ones are told again', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 20 }), (again) => {
        const history = Array.from({ length: 10 }, (_, at) => (at % 3 === 2 ? remove(`1.${at}`) : put(`1.${at}`)));
        const last = history.at(-1);
        if (last === undefined) throw new Error('no history');
        let object: SeenObject | undefined;
        // A deleted key has no version to tell by: so a name is replayed with its last record, and that is drained last.
        for (const [turn, at] of again.entries()) object = carryOut(history[at] ?? last, object, `"${turn}"`);
        expect(carryOut(last, object, '"end"')?.metadata.version).toBe('1.9');
      }),
    );
  });
});
