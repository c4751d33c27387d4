import { expect, test } from 'vitest';
import { readLocalSettings } from '../settings.ts';
import { whatToTry } from './what-to-try.ts';

const exportLine = (environment: Readonly<Record<string, string>>) =>
  /^ {2}export .*$/m.exec(whatToTry(readLocalSettings({}), environment))?.[0];

test('with the defaults nothing has to be told', () => {
  expect(exportLine({ SION_RESP_PORT: '7000', PATH: '/bin' })).toBeUndefined();
});

test('a file of settings is named, in a form that a shell takes', () => {
  expect(exportLine({ SION_CONFIG: '.sion/second.json' })).toBe('  export SION_CONFIG=.sion/second.json');
  expect(exportLine({ SION_CONFIG: "it's mine.json" })).toBe("  export SION_CONFIG='it'\\''s mine.json'");
});

test('ports of the environment are told as they were taken', () => {
  expect(exportLine({ SION_ADMIN_PORT: '0', SION_LAMBDA_PORT: '0', SION_HTTP_PORT: '0' })).toBe(
    '  export SION_HTTP_PORT=6381 SION_LAMBDA_PORT=6383 SION_ADMIN_PORT=6384',
  );
});
