import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { writeSettingsPage } from './settings-page.ts';

test('docs/settings.md is what the schemas say', async () => {
  const page = fileURLToPath(new URL('../../../docs/settings.md', import.meta.url));
  await expect(writeSettingsPage()).toMatchFileSnapshot(page);
});
