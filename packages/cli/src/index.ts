export { CliError } from './cli-error.ts';
export { runProgram } from './program.ts';
export { localSettingsSchema } from './settings.ts';
