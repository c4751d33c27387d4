/**
 * The kinds that a setting may have: how each is read from text and described to people. Other shapes than these are a
 * programmer error, because no environment variable could hold them.
 */
import { type TSchema, Type } from 'typebox';

/** A kind of setting: `parse` gives undefined for text that is no such value; ranges are checked by the schema. */
export interface SettingKind {
  parse(text: string): unknown;
  describe(): string;
}

/** The kind of a setting's schema. */
export function settingKind(schema: TSchema): SettingKind {
  if (Type.IsInteger(schema)) {
    return {
      parse: (text) => (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined),
      describe: () => `a whole number${describeRange(schema)}`,
    };
  }
  if (Type.IsNumber(schema)) {
    return {
      parse: (text) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined),
      describe: () => `a number${describeRange(schema)}`,
    };
  }
  if (Type.IsBoolean(schema)) {
    const values = new Map([
      ['true', true],
      ['1', true],
      ['false', false],
      ['0', false],
    ]);
    return { parse: (text) => values.get(text.toLowerCase()), describe: () => 'true or false' };
  }
  if (Type.IsString(schema)) return { parse: (text) => text, describe: () => `text${describeText(schema)}` };
  const choices = choicesOf(schema);
  return {
    parse: (text) => (choices.includes(text) ? text : undefined),
    describe: () => `one of ${choices.join(', ')}`,
  };
}

/** What values a setting takes, for people: `a whole number from 0 to 65535`. */
export function describeSetting(schema: TSchema): string {
  return settingKind(schema).describe();
}

function choicesOf(schema: TSchema): readonly string[] {
  const values: readonly unknown[] = Type.IsUnion(schema)
    ? schema.anyOf.map((choice) => (Type.IsLiteral(choice) ? choice.const : undefined))
    : Type.IsLiteral(schema)
      ? [schema.const]
      : Type.IsEnum(schema)
        ? schema.enum
        : [];
  const choices = values.filter((value) => typeof value === 'string');
  if (choices.length === 0 || choices.length < values.length) {
    throw new Error(`A setting cannot have this shape: ${JSON.stringify(schema)}.`);
  }
  return choices;
}

function describeRange(schema: TSchema): string {
  const bound = (name: string) => numeric(schema, name);
  const { minimum, maximum } = { minimum: bound('minimum'), maximum: bound('maximum') };
  const [above, below] = [bound('exclusiveMinimum'), bound('exclusiveMaximum')];
  const step = bound('multipleOf');
  const parts = [
    minimum !== undefined && maximum !== undefined ? ` from ${minimum} to ${maximum}` : '',
    minimum !== undefined && maximum === undefined ? ` of at least ${minimum}` : '',
    minimum === undefined && maximum !== undefined ? ` of at most ${maximum}` : '',
    above === undefined ? '' : ` above ${above}`,
    below === undefined ? '' : ` below ${below}`,
    step === undefined ? '' : `, a multiple of ${step}`,
  ];
  return parts.join('');
}

function describeText(schema: TSchema): string {
  const [least, most] = [numeric(schema, 'minLength'), numeric(schema, 'maxLength')];
  const pattern: unknown = 'pattern' in schema ? schema.pattern : undefined;
  const [atLeast, atMost] = [least !== undefined && least > 0, most !== undefined];
  const parts = [
    atLeast && atMost ? ` of ${least} to ${most} characters` : '',
    atLeast && !atMost ? ` of at least ${least} character${least === 1 ? '' : 's'}` : '',
    !atLeast && atMost ? ` of at most ${most} characters` : '',
    typeof pattern === 'string' ? ` that matches ${pattern}` : '',
  ];
  return parts.join('');
}

function numeric(schema: TSchema, name: string): number | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(schema, name)?.value;
  return typeof value === 'number' ? value : undefined;
}
