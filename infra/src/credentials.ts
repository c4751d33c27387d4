/** Whether there is a chance that AWS will know who is deploying: asked before minutes go into it. Pure. */

/** Where the AWS CLI and the CDK look, beside the machine's own role. */
const variables = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];

/** What to tell somebody without credentials; undefined when there are some. `hasFile` = ~/.aws/credentials or config. */
export function missingCredentials(
  environment: Readonly<Record<string, string | undefined>>,
  hasFile: boolean,
): string | undefined {
  if (hasFile || variables.some((name) => (environment[name] ?? '') !== '')) return undefined;
  return (
    'There are no AWS credentials: nothing was sent to AWS. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and ' +
    'AWS_SECRET_ACCESS_KEY, or run "aws configure". "npm run synth" needs none. docs/deploying.md has the rest.'
  );
}
