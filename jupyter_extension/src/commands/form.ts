import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject, ReadonlyJSONValue } from '@lumino/coreutils';

import { el } from '../dom';
import type { ICapability } from '../tokens';
import type { FieldKind, IField } from './schema';
import { fieldsOf, typed, valueOf } from './schema';

type Input = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** A form for a verb's arguments. `given` fills fields in; `run` gets what the person typed. */
export function argumentForm(
  capability: ICapability,
  given: ReadonlyJSONObject,
  trans: TranslationBundle,
  run: (args: ReadonlyJSONObject) => void
): HTMLFormElement {
  const fields = fieldsOf(capability.params).map(field => ({ field, input: inputOf(field, given[field.name]) }));
  const form = el(
    'form',
    { class: 'noo-form', 'aria-label': trans.__('Arguments of %1', capability.verb) },
    ...fields.map(({ field, input }) => row(field, input, trans)),
    el('div', { class: 'noo-form-foot' }, el('button', { type: 'submit', class: 'noo-button noo-mod-accept' }, trans.__('Run')))
  );
  form.addEventListener('submit', event => {
    event.preventDefault();
    const args: Record<string, ReadonlyJSONValue> = {};
    for (const { field, input } of fields) {
      const value = valueOf(field, enteredIn(input));
      if (value !== undefined) {
        args[field.name] = value;
      }
    }
    run(args);
  });
  return form;
}

let made = 0;

function enteredIn(input: Input): string {
  if (input instanceof HTMLInputElement && input.type === 'checkbox') {
    return String(input.checked);
  }
  return input instanceof HTMLSelectElement ? [...input.selectedOptions].map(option => option.value).join('\n') : input.value;
}

function inputOf(field: IField, given: unknown): Input {
  const value = given === undefined ? field.preset : typed(field.kind, given);
  const attrs = { id: `noo-field-${++made}`, name: field.name, required: field.required ? '' : undefined };
  const { min, max, step, minlength, maxlength } = field.limits;
  switch (field.kind) {
    case 'flag':
      return el('input', { ...attrs, required: undefined, type: 'checkbox', checked: value === 'true' ? '' : undefined });
    case 'choice':
      return el('select', attrs, ...(field.required ? [] : [el('option', { value: '' })]), ...options(field, [value]));
    case 'choices':
      return el('select', { ...attrs, multiple: '' }, ...options(field, value.split('\n')));
    case 'text':
      return el('textarea', { ...attrs, rows: '8' }, value);
    case 'list':
    case 'pairs':
    case 'json':
      return el('textarea', { ...attrs, rows: '2', spellcheck: 'false' }, value);
    case 'number':
      return el('input', { ...attrs, type: 'number', min, max, step, value });
    case 'secret':
      // Not remembered by the browser, and no word of it is sent to a spelling service.
      return el('input', { ...attrs, type: 'password', autocomplete: 'off', spellcheck: 'false' });
    case 'date':
      return el('input', { ...attrs, type: 'date', value });
    default:
      return el('input', { ...attrs, type: 'text', minlength, maxlength, value });
  }
}

function options(field: IField, chosen: readonly string[]): readonly HTMLOptionElement[] {
  return field.choices.map(choice => {
    const value = String(choice);
    return el('option', { value, selected: chosen.includes(value) ? '' : undefined }, value);
  });
}

function row(field: IField, input: Input, trans: TranslationBundle): HTMLElement {
  const hints: Partial<Record<FieldKind, string>> = {
    list: trans.__('one a line'),
    pairs: trans.__('name=value, one a line'),
    choices: trans.__('any number of them'),
    json: trans.__('as JSON')
  };
  const hint = hints[field.kind] ?? '';
  const about = [field.about, hint].filter(part => part !== '').join(' · ');
  const note = about === '' ? null : el('p', { id: `${input.id}-about`, class: 'noo-form-about' }, about);
  if (note) {
    input.setAttribute('aria-describedby', note.id);
  }
  const label = el(
    'label',
    { for: input.id },
    field.name,
    field.required ? el('span', { class: 'noo-form-required' }, trans.__('required')) : null
  );
  return el('div', { class: 'noo-form-row', 'data-kind': field.kind }, label, input, note);
}
