/** SION in one stack: the parts, and which part is told what of which other. */
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Discovery } from './discovery.ts';
import { nodeEnvironment, proxyEnvironment } from './environment.ts';
import { Network } from './network.ts';
import { type NodeCode, NodeFleet } from './node-fleet.ts';
import { ProxyHostInstance } from './proxy-host.ts';
import { ProxyService } from './proxy-service.ts';
import { ports, SecurityGroups } from './security-groups.ts';
import { type Deployment, functionPrefix } from './settings.ts';
import { StoreBucket } from './store-bucket.ts';
import { Watch } from './watch.ts';

export interface SionStackProps extends StackProps {
  readonly settings: Deployment;
  readonly nodeCode: NodeCode;
  /** The context of the proxy's image. */
  readonly proxyImageFolder: string;
}

export class SionStack extends Stack {
  readonly network: Network;
  readonly groups: SecurityGroups;
  readonly store: StoreBucket;
  readonly fleet: NodeFleet;
  readonly discovery: Discovery;
  readonly proxy: ProxyService;

  constructor(scope: Construct, id: string, props: SionStackProps) {
    super(scope, id, { description: 'SION: elastic memory storage on serverless functions', ...props });
    const { settings } = props;
    const { deployment, zones, proxyHost, prefix, s3PrefixList, alarmTopic } = settings;
    const logDays = Number(settings.logDays);
    this.network = new Network(this, 'Network', { zones });
    const { vpc } = this.network;
    this.groups = new SecurityGroups(this, 'Groups', { vpc, s3PrefixList });
    this.store = new StoreBucket(this, 'Store');
    const { bucket } = this.store;
    this.network.addStoreGateway(bucket);
    this.network.addInterfaces(proxyHost, this.groups.endpoints);
    this.fleet = new NodeFleet(this, 'Fleet', {
      ...{ vpc, bucket, prefix, logDays, nodes: settings.nodes, memoryMb: settings.nodeMemoryMb },
      securityGroup: this.groups.functions,
      code: props.nodeCode,
      functionPrefix: functionPrefix(settings),
      environment: nodeEnvironment(settings, bucket.bucketName),
    });
    this.discovery = new Discovery(this, 'Discovery', { vpc, deployment });
    const { proxyName } = this.discovery;
    this.proxy = new ProxyService(this, 'Proxy', {
      ...{ vpc, bucket, prefix, logDays, host: proxyHost, cpu: settings.proxyCpu, memoryMb: settings.proxyMemoryMb },
      securityGroup: this.groups.proxy,
      discovery: this.discovery.service,
      imageFolder: props.proxyImageFolder,
      functionPrefix: functionPrefix(settings),
      environment: proxyEnvironment(settings, {
        ...{ bucketName: bucket.bucketName, proxyName, functionQualifier: this.fleet.qualifier },
      }),
    });
    // The proxy starts when what it calls is there: its functions, and the ways to them.
    this.proxy.service.node.addDependency(this.fleet, this.network);
    if (proxyHost === 'ec2') this.#addHost(settings);
    new Watch(this, 'Watch', {
      ...{ deployment, alarmTopic, functionPrefix: functionPrefix(settings), proxyLog: this.proxy.logGroup },
      clusterName: this.proxy.cluster.clusterName,
      serviceName: this.proxy.service.attrName,
    });
    this.#tell(deployment, proxyName);
  }

  #addHost(settings: Deployment): void {
    const { hostType: instanceType, hostImage: imageId, volumeGb } = settings;
    const host = new ProxyHostInstance(this, 'Host', {
      ...{ vpc: this.network.vpc, cluster: this.proxy.cluster, instanceType, imageId, volumeGb },
      securityGroup: this.groups.host,
    });
    this.proxy.service.node.addDependency(host);
  }

  /** How to connect, and where to see what it does and costs. */
  #tell(deployment: string, proxyName: string): void {
    const outputs = {
      Redis: `redis://${proxyName}:${ports.resp}`,
      Http: `http://${proxyName}:${ports.http}/v1/objects/`,
      Status: `http://${proxyName}:${ports.admin}/v1/status`,
      ClientSecurityGroup: this.groups.clients.securityGroupId,
      OperatorSecurityGroup: this.groups.operators.securityGroupId,
      Bucket: this.store.bucket.bucketName,
      Dashboard: `https://console.aws.amazon.com/cloudwatch/home?region=${this.region}#dashboards:name=${deployment}`,
      Cost: `https://console.aws.amazon.com/cost-management/home#/cost-explorer (tag sion-deployment=${deployment})`,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
