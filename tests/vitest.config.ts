/**
 * How tests are run: everything beside the code and under tests/, two processes at a time. Files named `*.ci.test.ts`
 * need programs that are not on every machine; `.ci/run` brings those and runs them with `vitest.ci.config.ts`. Likewise
 * `*.radosgw.test.ts` with `vitest.radosgw.config.ts`.
 */
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

/** Where `.ci/run` wants the counts. */
const reportFile = process.env['VITEST_REPORT_FILE'];

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['{infra,packages,services,tests}/**/*.test.ts'],
    exclude: [...configDefaults.exclude, '**/*.ci.test.ts', '**/*.radosgw.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: reportFile === undefined ? ['default'] : ['default', ['json', { outputFile: reportFile }]],
  },
});
