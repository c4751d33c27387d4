/** Days that log lines are kept, as CloudWatch counts them. Pure. */
import { RetentionDays } from 'aws-cdk-lib/aws-logs';

/** Throws for days that no setting offers. */
export function logRetention(days: number): RetentionDays {
  if (days === 7) return RetentionDays.ONE_WEEK;
  if (days === 30) return RetentionDays.ONE_MONTH;
  if (days === 90) return RetentionDays.THREE_MONTHS;
  throw new Error(`Log lines cannot be kept for ${days} days.`);
}
