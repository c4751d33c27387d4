/** S3 as a target of the bench: the SDK's part is `@sion/aws`'s. */
import type { OpenS3Target } from '@sion/bench';

export const openS3: OpenS3Target = () => Promise.reject(new Error('S3 is no target yet'));
