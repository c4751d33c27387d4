/** Stacks as tests look at them: synthesized from folders that stand for the bundles. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, NestedStack, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll } from 'vitest';
import { readDeployment } from './settings.ts';
import { SionStack } from './sion-stack.ts';

type Environment = Readonly<Record<string, string>>;

/** Settings with which the proxy has a host of its own. */
export const onEc2: Environment = {
  SION_PROXY_HOST: 'ec2',
  SION_HOST_IMAGE: 'ami-0123456789abcdef0',
  SION_DURABILITY: 'journal',
};

/** What the stacks of one test file are made of and into. */
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** The app and its stack, not synthesized yet. */
export function createStack(environment: Environment = {}, codeVersion = 'c0de') {
  const folder = mkdtempSync(join(tmpdir(), 'sion-infra-'));
  folders.push(folder);
  const [node, proxy] = ['node', 'proxy'].map((name) => join(folder, name)) as [string, string];
  for (const place of [node, proxy]) mkdirSync(place);
  writeFileSync(join(node, 'index.mjs'), 'export const handler = () => undefined;\n');
  writeFileSync(join(proxy, 'Dockerfile'), 'FROM scratch\n');
  const settings = readDeployment({ environment });
  const app = new App({ outdir: join(folder, 'out'), context: { '@aws-cdk/core:target-partitions': ['aws'] } });
  const stack = new SionStack(app, settings.deployment, {
    settings,
    nodeCode: { folder: node, handler: 'index.handler', codeVersion },
    proxyImageFolder: proxy,
  });
  return { app, stack, settings };
}

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
}

/** The resources of the stack and of those nested in it, each stack by itself. */
export function synthesize(environment: Environment = {}, codeVersion?: string) {
  const { stack, settings } = createStack(environment, codeVersion);
  const template = Template.fromStack(stack);
  const nested = stack.node
    .findAll()
    .filter((construct) => NestedStack.isNestedStack(construct) && Stack.isStack(construct))
    .map((part) => Template.fromStack(part as Stack));
  const stacks = [template, ...nested].map(
    (one) => (one.toJSON() as { Resources: Record<string, Resource> }).Resources,
  );
  const resources = stacks.flatMap((one) => Object.values(one));
  const ofType = (type: string) => resources.filter(({ Type }) => Type === type);
  return { stack, settings, template, stacks, resources, ofType };
}
