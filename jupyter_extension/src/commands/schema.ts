import type { ReadonlyJSONObject, ReadonlyJSONValue } from '@lumino/coreutils';

import { array, number, record, text, texts } from '../json';

/** How an argument is typed in by a person. */
export type FieldKind =
  | 'line'
  | 'text'
  | 'secret'
  | 'date'
  | 'number'
  | 'flag'
  | 'choice'
  | 'choices'
  | 'list'
  | 'pairs'
  | 'json';

/** One argument of a verb. */
export interface IField {
  readonly name: string;
  readonly kind: FieldKind;
  readonly about: string;
  readonly required: boolean;
  /** What can be chosen, as the verb takes it: text, numbers, yes and no. */
  readonly choices: readonly ReadonlyJSONValue[];
  readonly preset: string;
  /** What the input itself can hold a person to: bounds of a number, the length of a text. */
  readonly limits: Readonly<Record<string, string>>;
}

/** The arguments of a verb, from its JSON schema; required ones first, then by position. */
export function fieldsOf(schema: ReadonlyJSONObject): readonly IField[] {
  const required = new Set(texts(schema.required));
  const definitions = record(schema.$defs);
  const fields = Object.entries(record(schema.properties)).map(([name, value]) => {
    const property = record(value);
    const field = fieldOf(name, property, definitions, required.has(name));
    return { field, rank: (field.required ? 0 : 1000) + (number(property.position) ?? 500) };
  });
  return fields.sort((a, b) => a.rank - b.rank).map(({ field }) => field);
}

function fieldOf(
  name: string,
  property: ReadonlyJSONObject,
  definitions: ReadonlyJSONObject,
  required: boolean
): IField {
  const shape = resolved(property, definitions);
  const items = resolved(record(shape.items), definitions);
  const nothing = array(property.anyOf).some(option => record(option).type === 'null');
  // Where not saying is a third answer, yes and no are to be chosen.
  const choices = shape.type === 'boolean' && nothing ? [true, false] : values(shape.type === 'array' ? items : shape);
  const kind = kindOf(property, shape, items, choices);
  return {
    name,
    kind,
    about: text(property.description),
    required,
    choices,
    // A secret's preset is not the secret.
    preset: kind === 'secret' ? '' : typed(kind, property.default),
    limits: limitsOf(shape)
  };
}

function kindOf(
  property: ReadonlyJSONObject,
  shape: ReadonlyJSONObject,
  items: ReadonlyJSONObject,
  choices: readonly ReadonlyJSONValue[]
): FieldKind {
  if (choices.length > 0) {
    return shape.type === 'array' ? 'choices' : 'choice';
  }
  switch (shape.type) {
    case 'boolean':
      return 'flag';
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return nested(items) ? 'json' : 'list';
    case 'object':
      return 'properties' in shape || nested(record(shape.additionalProperties)) ? 'json' : 'pairs';
    default:
      return shape.format === 'password' || shape.writeOnly === true
        ? 'secret'
        : shape.format === 'date'
          ? 'date'
          : property.body === true
            ? 'text'
            : 'line';
  }
}

function nested(shape: ReadonlyJSONObject): boolean {
  return shape.type === 'object' || shape.type === 'array' || '$ref' in shape;
}

function values(shape: ReadonlyJSONObject): readonly ReadonlyJSONValue[] {
  return Array.isArray(shape.enum) ? shape.enum : 'const' in shape ? [shape.const as ReadonlyJSONValue] : [];
}

function limitsOf(shape: ReadonlyJSONObject): Record<string, string> {
  const found: Record<string, string> = { step: shape.type === 'integer' ? '1' : 'any' };
  const bounds = { min: shape.minimum, max: shape.maximum, minlength: shape.minLength, maxlength: shape.maxLength };
  for (const [name, bound] of Object.entries(bounds)) {
    if (number(bound) !== null) {
      found[name] = text(bound);
    }
  }
  return found;
}

/** Follow a reference, and take the first of several shapes that is not "nothing". */
function resolved(property: ReadonlyJSONObject, definitions: ReadonlyJSONObject): ReadonlyJSONObject {
  const options = array(property.anyOf ?? property.allOf).map(record);
  const shape = options.find(option => option.type !== 'null') ?? property;
  const target = text(shape.$ref).replace('#/$defs/', '');
  return target in definitions ? record(definitions[target]) : shape;
}

/** A value as a person would type it into its field. */
export function typed(kind: FieldKind, value: unknown): string {
  if (value === undefined || value === null) {
    return '';
  }
  switch (kind) {
    case 'json':
      return JSON.stringify(value, undefined, 1);
    case 'pairs':
      return Object.entries(record(value))
        .map(([name, item]) => `${name}=${typeof item === 'boolean' ? String(item) : text(item)}`)
        .join('\n');
    default:
      return Array.isArray(value) ? texts(value).join('\n') : typeof value === 'boolean' ? String(value) : text(value);
  }
}

/** The value of an argument from what a person typed; undefined when nothing was. */
export function valueOf(field: IField, typed: string): ReadonlyJSONValue | undefined {
  if (field.kind === 'flag') {
    return typed === 'true' ? true : field.preset === 'true' ? false : undefined;
  }
  if (typed.trim() === '') {
    // Who takes all of a preset list away means none, not the preset.
    return (field.kind === 'list' || field.kind === 'choices') && field.preset !== '' ? [] : undefined;
  }
  switch (field.kind) {
    case 'number': {
      const value = Number(typed);
      // What is no number goes to the server as it is: its error names the argument.
      return Number.isFinite(value) ? value : typed;
    }
    case 'choice':
      return chosen(field, typed);
    case 'choices':
      return typed.split('\n').map(item => chosen(field, item));
    case 'list':
      return typed.split(/\s*\n\s*/).filter(item => item !== '');
    case 'json':
      try {
        return JSON.parse(typed) as ReadonlyJSONValue;
      } catch {
        // What is no JSON goes to the server as it is: its error names the argument.
        return typed;
      }
    case 'pairs':
      return Object.fromEntries(
        typed
          .split('\n')
          .filter(line => line.trim() !== '')
          .map(line => {
            const at = line.indexOf('=');
            return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
          })
      );
    case 'text':
    case 'secret':
      return typed;
    default:
      return typed.trim();
  }
}

function chosen(field: IField, typed: string): ReadonlyJSONValue {
  return field.choices.find(choice => String(choice) === typed) ?? typed;
}

/** The names of required arguments that are not given. */
export function missing(fields: readonly IField[], given: ReadonlyJSONObject): readonly string[] {
  return fields.filter(field => field.required && given[field.name] === undefined).map(field => field.name);
}
