import type { TranslationBundle } from '@jupyterlab/translation';

import { reason } from './api';
import { button, el, notice, withCode } from './dom';
import type { IQuestion, IRun, Reply } from './tokens';

/** What a run asks, as a form in the run's own place; nothing where it asks nothing. Nothing else waits for it. */
export function questionView(run: IRun, trans: TranslationBundle): HTMLElement {
  const node = el('div', { class: 'noo-question-place', tabindex: '-1' });
  const show = (): void => {
    const inside = node.contains(document.activeElement);
    node.replaceChildren(...(run.question === null ? [] : [form(run, run.question, trans)]));
    if (inside) {
      // Who answers by keyboard stays where the next question comes.
      (node.querySelector<HTMLElement>('input, button') ?? node).focus();
    }
  };
  run.news.connect((_, news) => {
    if (news.event === 'asked' || news.event === 'ended') {
      show();
    }
  });
  show();
  return node;
}

function form(run: IRun, question: IQuestion, trans: TranslationBundle): HTMLFormElement {
  const told = el('div');
  const input = el('input', { name: 'answer', autocomplete: 'off', 'aria-label': trans.__('Answer') });
  const send = (reply: Reply): void => {
    node.querySelectorAll('button').forEach(each => (each.disabled = true));
    run.answer(reply).catch((error: unknown) => {
      node.querySelectorAll('button').forEach(each => (each.disabled = false));
      told.replaceChildren(notice('error', ...withCode(reason(error))));
    });
  };
  const make = (label: string, kind: string, reply: () => Reply): HTMLElement =>
    button(label, { class: `noo-button noo-mod-${kind}` }, () => send(reply()));
  const parts =
    question.kind === 'approve'
      ? [make(trans.__('Yes'), 'accept', () => true), make(trans.__('No'), 'plain', () => false)]
      : [input, make(trans.__('Answer'), 'accept', () => input.value), make(trans.__('End the input'), 'plain', () => null)];
  const node = el(
    'form',
    { class: 'noo-question', 'aria-label': trans.__('%1 asks', run.verb) },
    el('p', { class: 'noo-question-text', role: 'alert' }, question.text),
    el('div', { class: 'noo-question-answers' }, ...parts),
    told
  );
  node.addEventListener('submit', event => {
    event.preventDefault();
    if (question.kind === 'ask') {
      send(input.value);
    }
  });
  // Letters are letters here, also within a card or a panel with keys of its own.
  node.addEventListener('keydown', event => event.stopPropagation());
  return node;
}
