import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject, ReadonlyJSONValue } from '@lumino/coreutils';

import { el } from '../dom';
import { text, texts } from '../json';
import type { ICapability } from '../tokens';
import type { IField } from './schema';
import { fieldsOf, valueOf } from './schema';

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
      const typed = input instanceof HTMLInputElement && input.type === 'checkbox' ? String(input.checked) : input.value;
      const value = valueOf(field, typed);
      if (value !== undefined) {
        args[field.name] = value;
      }
    }
    run(args);
  });
  return form;
}

let made = 0;

function inputOf(field: IField, given: unknown): Input {
  const preset = Array.isArray(given) ? texts(given).join('\n') : typeof given === 'boolean' ? String(given) : text(given);
  const value = preset || field.preset;
  const attrs = { id: `noo-field-${++made}`, name: field.name, required: field.required ? '' : undefined };
  switch (field.kind) {
    case 'flag':
      return el('input', { ...attrs, required: undefined, type: 'checkbox', checked: value === 'true' ? '' : undefined });
    case 'choice':
      return el(
        'select',
        attrs,
        ...(field.required ? [] : [el('option', { value: '' })]),
        ...field.choices.map(choice =>
          el('option', { value: choice, selected: choice === value ? '' : undefined }, choice)
        )
      );
    case 'text':
      return el('textarea', { ...attrs, rows: '8' }, value);
    case 'list':
    case 'pairs':
      return el('textarea', { ...attrs, rows: '2' }, value);
    default:
      return el('input', { ...attrs, type: field.kind === 'number' ? 'number' : 'text', step: 'any', value });
  }
}

function row(field: IField, input: Input, trans: TranslationBundle): HTMLElement {
  const hint =
    field.kind === 'list' ? trans.__('one a line') : field.kind === 'pairs' ? trans.__('name=value, one a line') : '';
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
