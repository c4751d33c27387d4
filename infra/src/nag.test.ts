/** AWS's rules of good solutions: each finding is mended, or acknowledged where it stands with the reason. */
import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import { createStack, onEc2 } from './templates.test-data.ts';

test.each([
  ['on Fargate', {}],
  ['on EC2', onEc2],
] as const)('%s', (_, environment) => {
  const { app } = createStack(environment);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  expect(() => app.synth()).not.toThrow();
});
