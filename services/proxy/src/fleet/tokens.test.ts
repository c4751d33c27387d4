import { expect, test } from 'vitest';
import { createManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { countingRandom } from './fleet-rig.test-data.ts';
import { Tokens } from './tokens.ts';

function create() {
  const clock = createManualClock();
  return { clock, tokens: new Tokens({ clock, random: countingRandom(), epoch: 4 }) };
}

const claim = { node: 1, epoch: 4, session: 9, link: 'control' } as const;

test('a token is 16 bytes, and good once per kind of link', () => {
  const { tokens } = create();
  const token = tokens.issue(1, 9, 1000);
  expect(token).toMatch(/^[0-9a-f]{32}$/);
  expect(tokens.redeem({ ...claim, token })).toBe('accepted');
  expect(tokens.redeem({ ...claim, token })).toBe('token');
  expect(tokens.redeem({ ...claim, link: 'bulk', token })).toBe('accepted');
  expect(tokens.redeem({ ...claim, link: 'bulk', token })).toBe('token');
});

test('it is bound to node, epoch and session, and a wrong claim does not use it up', () => {
  const { tokens } = create();
  const token = tokens.issue(1, 9, 1000);
  tokens.issue(2, 9, 1000);
  expect(tokens.redeem({ ...claim, epoch: 5, token })).toBe('epoch');
  expect(tokens.redeem({ ...claim, session: 8, token })).toBe('session');
  expect(tokens.redeem({ ...claim, node: 2, token })).toBe('token');
  expect(tokens.redeem({ ...claim, node: 3, token })).toBe('session');
  for (const wrong of ['', 'zz', token.slice(2), `${token}00`, '00'.repeat(16)]) {
    expect(tokens.redeem({ ...claim, token: wrong })).toBe('token');
  }
  expect(tokens.redeem({ ...claim, token })).toBe('accepted');
});

test('it expires, is revoked, and is void once another is issued', () => {
  const { clock, tokens } = create();
  const first = tokens.issue(1, 9, 1000);
  clock.advance(1000);
  expect(tokens.redeem({ ...claim, token: first })).toBe('accepted');
  clock.advance(1);
  expect(tokens.redeem({ ...claim, link: 'bulk', token: first })).toBe('token');
  const second = tokens.issue(1, 10, 1000);
  expect(tokens.redeem({ ...claim, link: 'bulk', token: first })).toBe('session');
  expect(tokens.redeem({ ...claim, session: 10, link: 'bulk', token: first })).toBe('token');
  tokens.revoke(1);
  expect(tokens.redeem({ ...claim, session: 10, token: second })).toBe('session');
});
