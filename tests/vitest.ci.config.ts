/** The tests that need programs from outside; `.ci/run` installs those first and names them in the environment. */
import { configDefaults, defineConfig, mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

const { test } = mergeConfig(config, {});

export default defineConfig({
  ...config,
  test: { ...test, include: ['{packages,services,tests}/**/*.ci.test.ts'], exclude: [...configDefaults.exclude] },
});
