export * from './lambda-functions.ts';
export * from './report-line.ts';
export { asKeyPrefix, openS3Store, type S3Store, type S3StoreOptions } from './s3-store/s3-store.ts';
