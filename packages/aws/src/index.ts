export * from './lambda-functions.ts';
export * from './report-line.ts';
