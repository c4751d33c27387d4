/** The CDK app as a process: settings → code → stack. It says what the deployment will cost before anything is made. */
import { buildNodeBundle } from '@sion/node';
import { App, Tags } from 'aws-cdk-lib';
import { estimateCost, formatEstimate } from './estimate.ts';
import { buildImageFolder } from './image/image-folder.ts';
import { readDeployment } from './settings.ts';
import { SionStack } from './sion-stack.ts';

try {
  const settings = readDeployment({ environment: process.env });
  const nodeCode = await buildNodeBundle({ outDir: '.sion/aws/node' });
  const proxyImageFolder = await buildImageFolder('.sion/aws/proxy');
  const app = new App();
  const stack = new SionStack(app, settings.deployment, { settings, nodeCode, proxyImageFolder });
  Tags.of(stack).add('sion-deployment', settings.deployment);
  app.synth();
  console.error(formatEstimate(settings, estimateCost(settings)));
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  process.exit(2);
}
