/**
 * The tests that need programs from outside; `.ci/run` installs those first and names them in the environment. Those
 * beside redis-server run with the others as well, where there is one, and are run here because there is one now.
 */
import { configDefaults, defineConfig, mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

const { test } = mergeConfig(config, {});

export default defineConfig({
  ...config,
  test: {
    ...test,
    include: ['{packages,services,tests}/**/*.ci.test.ts', 'tests/oracle/**/*.test.ts'],
    exclude: [...configDefaults.exclude],
  },
});
