/**
 * How callers name a function. Grammar: reference = name | partial | arn, each with an optional ":" qualifier;
 * partial = account ":function:" name; arn = "arn:aws:lambda:" region ":" partial. The only version there is, is $LATEST.
 */

/** A function's name and the version wished for. */
export interface FunctionReference {
  readonly name: string;
  readonly qualifier: string | undefined;
}

const pattern =
  /^(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:)?(?:[0-9]{12}:)?(?:function:)?([a-zA-Z0-9-_]{1,64})(?::(\$LATEST|[a-zA-Z0-9-_]+))?$/;

/** Parses it; undefined when it is none of these. */
export function parseFunctionReference(text: string): FunctionReference | undefined {
  const found = pattern.exec(text);
  return found?.[1] === undefined ? undefined : { name: found[1], qualifier: found[2] };
}
