/** Makes a bucket: `node make-bucket.ts ENDPOINT BUCKET`, with the keys of start.sh. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';

const [endpoint = '', bucket = ''] = process.argv.slice(2);
const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
const client = new S3Client({ region: 'us-east-1', endpoint, forcePathStyle: true, credentials });
await client.send(new CreateBucketCommand({ Bucket: bucket }));
client.destroy();
