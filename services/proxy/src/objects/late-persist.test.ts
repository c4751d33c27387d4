/** What has expired stays so, also when a change of its expiry that was given up takes effect later. */
import { expect, it } from 'vitest';
import { createWorld, failing, overwrite, payload, valueOf } from './engine-world.test-data.ts';
import type { Mutation } from './objects.ts';

const persist: Mutation<boolean> = { needs: 'info', decide: () => ({ kind: 'expire', result: true }) };

it.each([true, false])(
  'a key that was seen to be gone is not there again (asked for its value: %s)',
  async (isRead) => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(100), world.clock.wallMs() + 5000));
    const before = await world.store.head('k');
    world.hooks.before = (request) => (request === 'metadata' ? failing('indeterminate')() : undefined);
    await expect(world.engine.mutate('k', persist)).rejects.toMatchObject({ code: 'indeterminate' });
    world.clock.advance(6000);
    expect(isRead ? await valueOf(world, 'k') : await world.engine.info('k')).toBeUndefined();
    delete world.hooks.before;
    const { expiresAtMs: _, ...metadata } = before?.metadata ?? {};
    await world.store.replaceMetadata('k', before?.etag ?? '', metadata);
    await world.engine.invalidate('k');
    expect(await valueOf(world, 'k')).toBeUndefined();
  },
);
