import type { TranslationBundle } from '@jupyterlab/translation';

import { button, el } from '../dom';

/** One thing that a form asks for: a line of text, a number, or one of some values. */
export interface IField {
  readonly name: string;
  readonly label: string;
  readonly value?: string;
  readonly number?: boolean;
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
}

/** What a form asks, and what becomes of it. */
export interface IForm {
  readonly title: string;
  readonly submit: string;
  readonly fields: readonly IField[];
  readonly done: (values: Readonly<Record<string, string>>) => void;
  readonly cancelled: () => void;
}

let made = 0;

/** A small form within a card: nothing else is blocked while it waits. */
export function form(asked: IForm, trans: TranslationBundle): HTMLFormElement {
  const inputs = asked.fields.map(field => ({ field, input: inputOf(field) }));
  const node = el(
    'form',
    { class: 'noo-board-form', 'aria-label': asked.title },
    el('div', { class: 'noo-board-form-title' }, asked.title),
    ...inputs.map(({ field, input }) => {
      input.id = `noo-board-field-${++made}`;
      return el('div', { class: 'noo-board-field' }, el('label', { for: input.id }, field.label), input);
    }),
    el(
      'div',
      { class: 'noo-board-form-foot' },
      el('button', { type: 'submit', class: 'noo-button noo-mod-primary' }, asked.submit),
      button(trans.__('Cancel'), { class: 'noo-button' }, asked.cancelled)
    )
  );
  node.addEventListener('submit', event => {
    event.preventDefault();
    asked.done(Object.fromEntries(inputs.map(({ field, input }) => [field.name, input.value.trim()])));
  });
  node.addEventListener('keydown', event => {
    event.stopPropagation();
    if (event.key === 'Escape') {
      asked.cancelled();
    }
  });
  return node;
}

function inputOf(field: IField): HTMLInputElement | HTMLSelectElement {
  if (field.choices !== undefined) {
    const select = el(
      'select',
      { name: field.name },
      ...field.choices.map(choice => el('option', { value: choice.value }, choice.label))
    );
    select.value = field.value ?? field.choices[0]?.value ?? '';
    return select;
  }
  const input = el('input', {
    name: field.name,
    type: field.number === true ? 'number' : 'text',
    ...(field.number === true ? { min: '0.1', step: 'any' } : {}),
    autocomplete: 'off'
  });
  input.value = field.value ?? '';
  return input;
}
