import type { ReadonlyJSONObject, ReadonlyJSONValue } from '@lumino/coreutils';

import { array, number, record, text, texts } from '../json';

/** How an argument is typed in by a person. */
export type FieldKind = 'line' | 'text' | 'number' | 'flag' | 'choice' | 'list' | 'pairs';

/** One argument of a verb. */
export interface IField {
  readonly name: string;
  readonly kind: FieldKind;
  readonly about: string;
  readonly required: boolean;
  readonly choices: readonly string[];
  readonly preset: string;
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
  const choices = texts(shape.enum);
  const preset = property.default;
  return {
    name,
    kind: kindOf(property, shape, choices),
    about: text(property.description),
    required,
    choices,
    preset: Array.isArray(preset) ? texts(preset).join('\n') : typeof preset === 'boolean' ? String(preset) : text(preset)
  };
}

function kindOf(property: ReadonlyJSONObject, shape: ReadonlyJSONObject, choices: readonly string[]): FieldKind {
  if (choices.length > 0) {
    return 'choice';
  }
  switch (shape.type) {
    case 'boolean':
      return 'flag';
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return 'list';
    case 'object':
      return 'pairs';
    default:
      return property.body === true ? 'text' : 'line';
  }
}

/** Follow a reference, and take the first of several shapes that is not "nothing". */
function resolved(property: ReadonlyJSONObject, definitions: ReadonlyJSONObject): ReadonlyJSONObject {
  const options = array(property.anyOf).map(record);
  const shape = options.find(option => option.type !== 'null') ?? property;
  const target = text(shape.$ref).replace('#/$defs/', '');
  return target in definitions ? record(definitions[target]) : shape;
}

/** The value of an argument from what a person typed; undefined when nothing was. */
export function valueOf(field: IField, typed: string): ReadonlyJSONValue | undefined {
  if (field.kind === 'flag') {
    return typed === 'true' ? true : field.preset === 'true' ? false : undefined;
  }
  if (typed.trim() === '') {
    return undefined;
  }
  switch (field.kind) {
    case 'number': {
      const value = Number(typed);
      // What is no number goes to the server as it is: its error names the argument.
      return Number.isFinite(value) ? value : typed;
    }
    case 'list':
      return typed.split(/\s*\n\s*/).filter(item => item !== '');
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
      return typed;
    default:
      return typed.trim();
  }
}

/** The names of required arguments that are not given. */
export function missing(fields: readonly IField[], given: ReadonlyJSONObject): readonly string[] {
  return fields.filter(field => field.required && given[field.name] === undefined).map(field => field.name);
}
