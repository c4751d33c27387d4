/** What clients saw in a trial: the same for the trials in memory and those over S3. */
export { History, type Observation } from '../../../../../tests/doubles/history.ts';
