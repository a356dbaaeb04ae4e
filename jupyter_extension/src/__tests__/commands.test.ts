import { RenderMimeRegistry, standardRendererFactories } from '@jupyterlab/rendermime';
import { CommandRegistry } from '@lumino/commands';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';
import { describe, expect, it } from 'vitest';

import { addCommands } from '../commands/commands';
import type { ICommandOptions } from '../commands/commands';
import { argumentForm } from '../commands/form';
import { fieldsOf, valueOf } from '../commands/schema';
import { panelCommand } from '../panels';
import type { ICapability } from '../tokens';
import { answer, attach, Desk, HOSTILE, settled, trans } from './fixtures';

const search: ICapability = {
  verb: 'search',
  summary: 'Find code',
  help: '',
  effect: 'read',
  provider: 'nootropic',
  params: {
    type: 'object',
    properties: {
      limit: { anyOf: [{ type: 'integer' }, { type: 'null' }], default: null },
      query: { type: 'string', position: 0, description: 'What to look for' }
    },
    required: ['query']
  }
};
const accept: ICapability = {
  ...search,
  verb: 'accept',
  effect: 'decide',
  params: { properties: { refs: { type: 'array', items: { type: 'string' } } }, required: ['refs'] }
};
const complete: ICapability = { ...search, verb: 'complete', params: { ...search.params, unlisted: true } };

function bench(desk: Desk, panels: readonly string[] = []): { commands: CommandRegistry; widgets: Widget[] } {
  const commands = new CommandRegistry();
  panels.forEach(verb => commands.addCommand(panelCommand(verb), { execute: () => undefined }));
  const widgets: Widget[] = [];
  const rendermime = new RenderMimeRegistry({ initialFactories: standardRendererFactories });
  const shell = { add: (widget: Widget) => widgets.push(attach(widget)) };
  const options: ICommandOptions = {
    app: { commands, shell } as unknown as ICommandOptions['app'],
    client: desk,
    palette: null,
    rendermime,
    trans,
    folder: () => 'work',
    within: registry => registry
  };
  addCommands([search, accept, complete], options);
  return { commands, widgets };
}

describe('the commands', () => {
  it('are one a verb, and describe their arguments', async () => {
    const { commands } = bench(new Desk(() => answer({})));
    expect(commands.hasCommand('nootropic:search')).toBe(true);
    expect((await commands.describedBy('nootropic:search')).args).toEqual(search.params);
  });

  it('are none where a verb is for programs only', () => {
    const { commands } = bench(new Desk(() => answer({})));
    expect(commands.listCommands()).toEqual(['nootropic:search', 'nootropic:accept']);
  });

  it('are none where a panel shows what the verb tells: that has one', () => {
    const { commands } = bench(new Desk(() => answer({})), ['search']);
    expect(commands.listCommands()).toEqual(['nootropic:open-search', 'nootropic:accept']);
  });

  it('run at once when nothing is missing, and show the answer in a tab', async () => {
    const desk = new Desk(() => answer({ 'text/plain': 'found it' }));
    const { commands, widgets } = bench(desk);
    const result = await commands.execute('nootropic:search', { query: 'words', isPalette: true });
    expect(desk.calls.map(call => [call.verb, call.args, call.options.folder])).toEqual([['search', { query: 'words' }, 'work']]);
    expect(result).toMatchObject({ bundle: { 'text/plain': 'found it' } });
    expect(widgets[0]?.node.textContent).toContain('found it');
  });

  it('ask for what is missing in the tab itself', async () => {
    const desk = new Desk(() => answer({ 'text/plain': HOSTILE }));
    const { commands, widgets } = bench(desk);
    await commands.execute('nootropic:search', {});
    expect(desk.calls).toHaveLength(0);
    const node = widgets[0]!.node;
    expect([...node.querySelectorAll<HTMLInputElement>('.noo-form input')].map(input => input.name)).toEqual(['query', 'limit']);
    node.querySelector<HTMLInputElement>('input[name=query]')!.value = ' words ';
    node.querySelector<HTMLInputElement>('input[name=limit]')!.value = '3';
    node.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }));
    await settled();
    expect(desk.calls[0]?.args).toEqual({ query: 'words', limit: 3 });
    expect(node.querySelectorAll('img, script')).toHaveLength(0);
  });

  it('never decide without a person who presses Run', async () => {
    const desk = new Desk(() => answer({}));
    const { commands, widgets } = bench(desk);
    await commands.execute('nootropic:accept', { refs: ['P1:1'] });
    await settled();
    expect(desk.calls).toHaveLength(0);
    expect(widgets[0]!.node.querySelector('textarea')!.value).toBe('P1:1');
    widgets[0]!.node.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }));
    await settled();
    expect(desk.calls[0]?.args).toEqual({ refs: ['P1:1'] });
  });

  it('stop the verb when its tab is closed', async () => {
    const desk = new Desk(() => new Promise(() => undefined));
    const { commands, widgets } = bench(desk);
    void commands.execute('nootropic:search', { query: 'x' });
    await settled();
    widgets[0]!.dispose();
    expect(desk.calls[0]?.options.signal?.aborted).toBe(true);
  });
});

/** The schema of a plugin's verb with a parameter of every type, as the registry gives it. */
const every: ICapability = {
  ...search,
  verb: 'every',
  params: {
    properties: {
      word: { type: 'string', position: 0, minLength: 2, maxLength: 9 },
      count: { type: 'integer', minimum: 1, maximum: 10, default: 3 },
      ratio: { type: 'number', exclusiveMinimum: 0, default: 0.5 },
      colour: { $ref: '#/$defs/Colour', default: 'red' },
      level: { type: 'integer', enum: [1, 2, 3], default: 2 },
      size: { anyOf: [{ enum: ['s', 'm'], type: 'string' }, { type: 'null' }], default: null },
      loud: { type: 'boolean', default: false },
      sure: { type: 'boolean', default: true },
      maybe: { anyOf: [{ type: 'boolean' }, { type: 'null' }], default: null },
      names: { type: 'array', items: { type: 'string' }, default: ['a', 'b'] },
      colours: { type: 'array', items: { $ref: '#/$defs/Colour' }, default: [] },
      some: { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'null' }] },
      labels: { type: 'object', additionalProperties: { type: 'string' }, default: {} },
      points: { type: 'array', items: { $ref: '#/$defs/Point' } },
      point: { anyOf: [{ $ref: '#/$defs/Point' }, { type: 'null' }] },
      file: { anyOf: [{ type: 'string', format: 'path' }, { type: 'null' }], default: null },
      token: { anyOf: [{ type: 'string', format: 'password', writeOnly: true }, { type: 'null' }] },
      key: { type: 'string', format: 'password', writeOnly: true, default: '**********' },
      when: { anyOf: [{ type: 'string', format: 'date' }, { type: 'null' }] },
      brief: { type: 'string', body: true }
    },
    required: ['word'],
    $defs: {
      Colour: { enum: ['red', 'blue'], type: 'string' },
      Point: { type: 'object', properties: { x: { type: 'integer' } } }
    }
  }
};

describe('the form of a verb with every type of parameter', () => {
  let given: unknown;
  const form = (preset: ReadonlyJSONObject = {}): HTMLFormElement => {
    given = undefined;
    return argumentForm(every, preset, trans, args => (given = args));
  };
  const field = <T extends HTMLElement = HTMLInputElement>(node: HTMLFormElement, name: string): T =>
    node.querySelector<T>(`[name=${name}]`)!;
  const submit = (node: HTMLFormElement): unknown => {
    node.dispatchEvent(new Event('submit', { cancelable: true }));
    return given;
  };

  it('has an input of the right kind for each, with its bounds', () => {
    const node = form();
    const kinds = [...node.querySelectorAll<HTMLElement>('.noo-form-row')].map(row => [
      row.querySelector('label')!.firstChild!.textContent,
      row.dataset.kind
    ]);
    expect(Object.fromEntries(kinds)).toEqual({
      word: 'line', count: 'number', ratio: 'number', colour: 'choice', level: 'choice', size: 'choice', loud: 'flag',
      sure: 'flag', maybe: 'choice', names: 'list', colours: 'choices', some: 'list', labels: 'pairs', points: 'json',
      point: 'json', file: 'line', token: 'secret', key: 'secret', when: 'date', brief: 'text'
    });
    const { min, max, step } = field(node, 'count');
    expect([min, max, step]).toEqual(['1', '10', '1']);
    expect(field(node, 'ratio').step).toBe('any');
    expect([field(node, 'word').minLength, field(node, 'word').maxLength]).toEqual([2, 9]);
    expect(field(node, 'count').checkValidity()).toBe(true);
    field(node, 'count').value = '11';
    expect(field(node, 'count').checkValidity()).toBe(false);
    expect(field(node, 'when').type).toBe('date');
  });

  it('shows no secret, and sends none that was not typed', () => {
    const node = form({ token: 'from elsewhere' });
    for (const name of ['token', 'key']) {
      expect([field(node, name).type, field(node, name).value]).toEqual(['password', '']);
    }
    field(node, 'key').value = ' with spaces ';
    expect(submit(node)).toMatchObject({ key: ' with spaces ' });
    expect(given).not.toHaveProperty('token');
  });

  it('sends each value as the verb takes it', () => {
    const node = form({ word: 'hi', labels: { a: 'b' }, points: [{ x: 1 }], colours: ['blue'], names: ['x'] });
    field(node, 'level').value = '3';
    field(node, 'maybe').value = 'false';
    field(node, 'point').value = '{"x": 2}';
    field(node, 'sure').checked = false;
    expect(submit(node)).toEqual({
      word: 'hi', count: 3, ratio: 0.5, colour: 'red', level: 3, sure: false, maybe: false, names: ['x'],
      colours: ['blue'], labels: { a: 'b' }, points: [{ x: 1 }], point: { x: 2 }
    });
    field<HTMLTextAreaElement>(node, 'names').value = '';
    field(node, 'point').value = '{half';
    expect(submit(node)).toMatchObject({ names: [], point: '{half' });
  });
});

describe('a typed value', () => {
  const fields = fieldsOf({
    properties: {
      flag: { type: 'boolean', default: false },
      names: { type: 'array' },
      args: { type: 'object' },
      kind: { anyOf: [{ $ref: '#/$defs/Kind' }, { type: 'null' }] },
      brief: { type: 'string', body: true }
    },
    $defs: { Kind: { enum: ['a', 'b'], type: 'string' } }
  });
  const field = (name: string) => fields.find(item => item.name === name)!;

  it('becomes what the schema asks for', () => {
    expect(fields.map(item => item.kind)).toEqual(['flag', 'list', 'pairs', 'choice', 'text']);
    expect(valueOf(field('flag'), 'true')).toBe(true);
    expect(valueOf(field('flag'), 'false')).toBeUndefined();
    expect(valueOf(field('names'), 'a\n b c \n')).toEqual(['a', 'b c']);
    expect(valueOf(field('args'), 'x=1=2\ny')).toEqual({ x: '1=2', y: '' });
    expect(valueOf(field('brief'), '  {keep} ')).toBe('  {keep} ');
    expect(valueOf(field('brief'), ' ')).toBeUndefined();
  });
});
