/**
 * The network: isolated subnets, from which nothing leads out of AWS, and the endpoints by which proxy and task reach the
 * AWS APIs that they call. It has no NAT, no internet gateway and no public address; a service whose API is called from
 * here without an endpoint in `interfaceServices` could not be reached at all.
 */
import { Stack, Validations } from 'aws-cdk-lib';
import {
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  type ISecurityGroup,
  type IVpc,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

/** Where the proxy runs. */
export type ProxyHost = 'fargate' | 'ec2';

export interface NetworkProps {
  /** Availability zones with a subnet and endpoints each. */
  readonly zones: number;
}

/**
 * The AWS APIs that are called from the subnets, by the last part of their names: of the proxy (Lambda), of the task that
 * runs it (its image, its log), and of an EC2 host (its ECS agent). S3 has its gateway. Functions write their log from
 * outside the VPC.
 */
export function interfaceServices(proxyHost: ProxyHost): readonly string[] {
  const ofTask = ['lambda', 'ecr.api', 'ecr.dkr', 'logs'];
  return proxyHost === 'ec2' ? [...ofTask, 'ecs', 'ecs-agent', 'ecs-telemetry'] : ofTask;
}

export class Network extends Construct {
  readonly vpc: IVpc;

  constructor(scope: Construct, id: string, { zones }: NetworkProps) {
    super(scope, id);
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.64.0.0/16'),
      maxAzs: zones,
      natGateways: 0,
      createInternetGateway: false,
      // A custom resource would bring a function and a role of its own; nothing uses the default group.
      restrictDefaultSecurityGroup: false,
      // 4,091 addresses: functions of one subnet and group share interfaces, clients may live here too.
      subnetConfiguration: [{ name: 'Isolated', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 20 }],
    });
    // The CDK's classes fit its own interfaces only where an optional property may be undefined.
    this.vpc = vpc as IVpc;
    Validations.of(vpc).acknowledge({
      id: 'AwsSolutions-VPC7',
      reason: 'Flow logs are billed by the byte of what is SION’s whole traffic; add them where you must.',
    });
  }

  /** The way to S3, free of charge: to the store's bucket, and to where ECR keeps the layers of images. */
  addStoreGateway(bucket: IBucket): void {
    const gateway = this.vpc.addGatewayEndpoint('Store', { service: GatewayVpcEndpointAwsService.S3 });
    const { partition, region } = Stack.of(this);
    gateway.addToPolicy(
      new PolicyStatement({
        // An endpoint's policy bounds what passes it: callers still need their own roles' leave, which names the actions.
        principals: [new AnyPrincipal()],
        actions: ['s3:*'],
        resources: [bucket.bucketArn, bucket.arnForObjects('*')],
      }),
    );
    gateway.addToPolicy(
      new PolicyStatement({
        principals: [new AnyPrincipal()],
        actions: ['s3:GetObject'],
        resources: [`arn:${partition}:s3:::prod-${region}-starport-layer-bucket/*`],
      }),
    );
  }

  /** An endpoint per API, reached by those whom `securityGroup` lets in. */
  addInterfaces(proxyHost: ProxyHost, securityGroup: ISecurityGroup): void {
    for (const name of interfaceServices(proxyHost)) {
      this.vpc.addInterfaceEndpoint(`Api-${name}`, {
        service: new InterfaceVpcEndpointAwsService(name),
        securityGroups: [securityGroup],
        open: false,
        privateDnsEnabled: true,
      });
    }
  }
}
