/**
 * The dashboard and the alarms. They stand on metrics that exist without anything more being run: what Lambda and ECS count of
 * themselves, and lines of the proxy's log, counted by filters. What only the proxy knows as figures (depth of the journal,
 * latencies, dollars per hour) is at its admin port and in `/metrics`, and not in CloudWatch.
 */
import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

export interface WatchProps {
  readonly deployment: string;
  readonly clusterName: string;
  readonly serviceName: string;
  readonly functionPrefix: string;
  readonly proxyLog: ILogGroup;
  /** ARN; empty = alarms tell nobody. */
  readonly alarmTopic: string;
}

interface CountedLine {
  /** The metric's name. */
  readonly metric: string;
  /** The proxy's word for it, `event` of a line. */
  readonly event: string;
  /** So many within five minutes are an alarm; undefined = only shown. */
  readonly alarmFrom?: number;
  readonly meaning: string;
}

/** Lines of the proxy's log that are counted. A test checks that the proxy writes each. */
export const countedLines: readonly CountedLine[] = [
  {
    metric: 'InstancesLost',
    event: 'chunks-lost',
    alarmFrom: 50,
    meaning: 'Instances lost their memory: more than Lambda usually takes.',
  },
  {
    metric: 'LeaseLapsed',
    event: 'lease-lapsed',
    alarmFrom: 1,
    meaning: 'The proxy cannot prove that it owns the store, and answers nothing: is S3 reachable?',
  },
  {
    metric: 'LeaseRenewalsFailed',
    event: 'lease-renewal-failed',
    alarmFrom: 3,
    meaning: 'The store does not take the renewal of the lease.',
  },
  {
    metric: 'InvocationsRefused',
    event: 'invocation-refused',
    alarmFrom: 1,
    meaning: 'Lambda refuses for good: is a function or its alias missing, or the right to invoke it?',
  },
  { metric: 'InvocationsFailed', event: 'invocation-failed', alarmFrom: 20, meaning: 'Functions fail: see their log.' },
  {
    metric: 'JournalWritesFailed',
    event: 'journal-write-failed',
    alarmFrom: 1,
    meaning: 'The journal’s disk takes nothing.',
  },
  {
    metric: 'DrainsFailed',
    event: 'drain-failed',
    alarmFrom: 1,
    meaning: 'Acknowledged writes of the journal do not reach the store.',
  },
  {
    metric: 'BudgetSpent',
    event: 'budget-spent',
    alarmFrom: 1,
    meaning: 'Functions have cost SION_MAX_USD_PER_HOUR: the store serves.',
  },
  { metric: 'PlacingsFailed', event: 'placing-failed', alarmFrom: 20, meaning: 'Objects do not get into memory.' },
];

const period = Duration.minutes(5);

export class Watch extends Construct {
  constructor(scope: Construct, id: string, props: WatchProps) {
    super(scope, id);
    const lines = countedLines.map((line) => ({ ...line, count: this.#count(props, line) }));
    const [processor, memory] = ['CPUUtilization', 'MemoryUtilization'].map((metricName) =>
      ofService(props, metricName),
    );
    const alarms = lines.flatMap(({ metric, alarmFrom, meaning, count }) =>
      alarmFrom === undefined
        ? []
        : [
            this.#alarm(metric, {
              metric: count,
              threshold: alarmFrom,
              evaluationPeriods: 1,
              alarmDescription: meaning,
            }),
          ],
    );
    if (processor === undefined || memory === undefined) throw new Error('ECS has two metrics of a service.');
    alarms.push(
      this.#alarm('ProxyBusy', {
        metric: processor,
        threshold: 85,
        evaluationPeriods: 3,
        alarmDescription: 'The proxy has too little processor: SION_PROXY_CPU.',
      }),
      this.#alarm('ProxyFull', {
        metric: memory,
        threshold: 90,
        evaluationPeriods: 2,
        alarmDescription: 'The proxy has too little memory: SION_PROXY_MEMORY_MB.',
      }),
      this.#alarm('ProxyAbsent', {
        metric: processor.with({ statistic: 'SampleCount', period: Duration.minutes(1) }),
        threshold: 1,
        comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluationPeriods: 5,
        treatMissingData: TreatMissingData.BREACHING,
        alarmDescription: 'No task of the proxy runs.',
      }),
    );
    if (props.alarmTopic !== '') {
      const action = new SnsAction(Topic.fromTopicArn(this, 'Topic', props.alarmTopic));
      for (const alarm of alarms) alarm.addAlarmAction(action);
    }
    this.#draw(
      props,
      lines.map(({ count }) => count),
      [processor, memory],
    );
  }

  #count({ deployment, proxyLog }: WatchProps, { metric, event }: CountedLine): Metric {
    const metricNamespace = `SION/${deployment}`;
    new MetricFilter(this, `${metric}Lines`, {
      logGroup: proxyLog,
      filterPattern: FilterPattern.stringValue('$.event', '=', event),
      metricNamespace,
      metricName: metric,
      metricValue: '1',
    });
    return new Metric({ namespace: metricNamespace, metricName: metric, statistic: 'Sum', period });
  }

  #alarm(name: string, props: AlarmProps): Alarm {
    return new Alarm(this, `${name}Alarm`, {
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...props,
    });
  }

  #draw(props: WatchProps, counted: readonly IMetric[], ofTask: readonly IMetric[]): void {
    const dashboard = new Dashboard(this, 'Dashboard', { dashboardName: props.deployment });
    const graph = (title: string, left: readonly IMetric[]) => new GraphWidget({ title, left: [...left], width: 12 });
    dashboard.addWidgets(
      graph('Proxy: processor and memory, %', ofTask),
      graph('Functions: invocations and errors', [
        ofFleet(props, 'Invocations', 'Sum'),
        ofFleet(props, 'Errors', 'Sum'),
      ]),
      graph('Functions: throttled', [ofFleet(props, 'Throttles', 'Sum')]),
      graph('Functions: billed time, ms (times memory and price: the bill)', [ofFleet(props, 'Duration', 'Sum')]),
      graph('Functions: awake at a time', [ofFleet(props, 'ConcurrentExecutions', 'Maximum')]),
      graph('The proxy’s log: what was counted', counted),
    );
  }
}

function ofService({ clusterName, serviceName }: WatchProps, metricName: string): Metric {
  const dimensionsMap = { ClusterName: clusterName, ServiceName: serviceName };
  return new Metric({ namespace: 'AWS/ECS', metricName, dimensionsMap, statistic: 'Average', period });
}

/** The sum over all functions of this fleet, found by their names' beginning. */
function ofFleet({ functionPrefix }: WatchProps, metricName: string, statistic: string): MathExpression {
  const search = `SEARCH('{AWS/Lambda,FunctionName} MetricName="${metricName}" ${functionPrefix}', '${statistic}', 300)`;
  return new MathExpression({ expression: `SUM(${search})`, label: metricName, period, usingMetrics: {} });
}
