import type { ILayoutRestorer } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { DisposableDelegate } from '@lumino/disposable';
import { Widget } from '@lumino/widgets';
import { describe, expect, it, vi } from 'vitest';

import { draftOf } from '../actions/drafts';
import type { IPlace } from '../actions/places';
import plugins from '../index';
import type { IPanelHost } from '../panels';
import { addPanel } from '../panels';
import { PlanRenderer } from '../plan/renderer';
import { whileEnabled } from '../settings';
import { stateView } from '../states';
import { StatusItem } from '../statusItem';
import { SwitchedRenderer } from '../switched';
import { PLAN_MIME } from '../tokens';
import { answer, attach, defaults, Desk, HOSTILE, model, planData, settled, TestSettings, trans } from './fixtures';

describe('the plugins', () => {
  it('are small and can be disabled one by one', () => {
    expect(plugins.map(plugin => plugin.id.replace('nootropic-lab:', ''))).toEqual(
      ['settings', 'switch', 'events', 'client', 'renderers', 'commands', 'status', 'menu', 'actions', 'chat', 'review', 'board', 'inline']
    );
    // Of our own tokens only the client is a must: all else works without the others.
    const needed = plugins.flatMap(plugin => plugin.requires ?? []).map(token => token.name);
    expect(new Set(needed.filter(name => name.startsWith('nootropic-lab:')))).toEqual(new Set(['nootropic-lab:INootropic']));
  });
});

describe('the one switch', () => {
  it('keeps what is ours only while it is on', async () => {
    const settings = new TestSettings();
    const log: string[] = [];
    const all = whileEnabled(settings, () => {
      log.push('made');
      return new DisposableDelegate(() => log.push('gone'));
    });
    expect(log).toEqual([]);
    await settings.ready;
    await settings.turn(false);
    await settings.turn(false);
    await settings.turn(true);
    all.dispose();
    await settings.turn(false);
    expect(log).toEqual(['made', 'gone', 'made', 'gone']);
  });

  it('is on where no settings are kept', async () => {
    await defaults.ready;
    expect([defaults.enabled, defaults.inlineCompletions]).toEqual([true, false]);
  });

  it('shows outputs as plain text while it is off, and as ours again after that', async () => {
    const settings = new TestSettings();
    const desk = new Desk(() => answer({}));
    const renderer = attach(
      new SwitchedRenderer(settings, PLAN_MIME, () => new PlanRenderer({ client: desk, folder: '', trans, events: null, files: null, commands: null }))
    );
    const output = model(PLAN_MIME, planData());
    output.setData({ data: { ...output.data, 'text/plain': HOSTILE } });
    await renderer.renderModel(output);
    expect(renderer.node.querySelector('.noo-plan')).not.toBeNull();
    await settings.turn(false);
    await settled();
    expect(renderer.node.querySelector('.noo-plan')).toBeNull();
    expect(renderer.node.textContent).toBe(HOSTILE);
    expect(renderer.node.querySelector('img')).toBeNull();
    await settings.turn(true);
    await settled();
    expect(renderer.node.querySelector('.noo-plan')).not.toBeNull();
    renderer.dispose();
  });
});

describe('a panel', () => {
  function bench(settings = new TestSettings()): {
    host: IPanelHost;
    shown: string[];
    restored: { command: string; args: (widget: Widget) => ReadonlyJSONObject }[];
    commands: CommandRegistry;
  } {
    const commands = new CommandRegistry();
    const shown: string[] = [];
    const restored: { command: string; args: (widget: Widget) => ReadonlyJSONObject }[] = [];
    const shell = {
      add: (widget: Widget, area: string) => {
        attach(widget);
        shown.push(`${area}: ${widget.id}`);
      },
      activateById: (id: string) => shown.push(`active: ${id}`)
    };
    const restorer = { restore: async (_: unknown, options: (typeof restored)[number]) => restored.push(options) };
    const host = { app: { commands, shell }, restorer, palette: null, settings } as unknown as IPanelHost;
    expect(host.restorer as ILayoutRestorer | null).not.toBeNull();
    return { host, shown, restored, commands };
  }

  const kind = (made: ReadonlyJSONObject[] = []) => ({
    id: 'nootropic-test',
    command: 'nootropic:open-test',
    title: 'Test',
    category: 'Nootropic',
    area: 'right' as const,
    make: (args: ReadonlyJSONObject) => {
      made.push(args);
      return new Widget();
    },
    keep: () => ({ chat: 'C3' })
  });

  it('is opened once, and brought to the front after that', async () => {
    const { host, shown, commands } = bench();
    const panel = addPanel(host, kind());
    await host.settings.ready;
    await commands.execute('nootropic:open-test');
    await commands.execute('nootropic:open-test');
    expect(shown).toEqual(['right: nootropic-test', 'active: nootropic-test', 'active: nootropic-test']);
    const widget = panel.open()!;
    expect([widget.node.getAttribute('role'), widget.node.getAttribute('aria-label')]).toEqual(['region', 'Test']);
    widget.dispose();
    expect(panel.open()!.isDisposed).toBe(false);
    panel.open()!.dispose();
  });

  it('is gone when it is closed, and made anew when it is opened again', async () => {
    const { host } = bench();
    const panel = addPanel(host, kind());
    await host.settings.ready;
    const widget = panel.open()!;
    widget.close();
    expect([widget.isDisposed, panel.tracker.size]).toEqual([true, 0]);
    expect(panel.open()).not.toBe(widget);
    panel.open()!.dispose();
  });

  it('comes back after a reload with what was kept, and without taking the focus', async () => {
    const { host, shown, restored, commands } = bench();
    const made: ReadonlyJSONObject[] = [];
    const panel = addPanel(host, kind(made));
    const kept = restored[0]!.args(new Widget());
    // Before the settings are there: it waits for them.
    await commands.execute(restored[0]!.command, kept);
    expect(made).toEqual([{ chat: 'C3' }]);
    expect(shown).toEqual(['right: nootropic-test']);
    panel.open()!.dispose();
  });

  it('has a name where there are several', async () => {
    const { host, shown } = bench();
    await host.settings.ready;
    const panel = addPanel(host, { ...kind(), area: 'main', name: args => String(args.id) });
    const widgets = [panel.open({ id: 'P1' }), panel.open({ id: 'P2' }), panel.open({ id: 'P1' })];
    expect(widgets[0]).toBe(widgets[2]);
    expect(shown.filter(line => line.startsWith('main'))).toEqual(['main: nootropic-test-P1', 'main: nootropic-test-P2']);
    widgets.forEach(widget => widget!.dispose());
  });

  it('is closed and hidden by the switch', async () => {
    const settings = new TestSettings();
    const { host, commands } = bench(settings);
    const panel = addPanel(host, kind());
    await settings.ready;
    const widget = panel.open()!;
    await settings.turn(false);
    expect([widget.isDisposed, commands.isVisible('nootropic:open-test'), panel.open()]).toEqual([true, false, null]);
    await settings.turn(true);
    expect(commands.isVisible('nootropic:open-test')).toBe(true);
  });

  it('tells its state to whoever listens to the page', () => {
    const retry = vi.fn();
    const error = stateView({ kind: 'error', title: HOSTILE, text: ['Why.'], actions: [{ label: 'Try again', run: retry }] });
    expect([error.getAttribute('role'), error.querySelector('img')]).toEqual(['alert', null]);
    error.querySelector('button')!.click();
    expect(retry).toHaveBeenCalledOnce();
    expect(stateView({ kind: 'loading', title: 'Loading' }).getAttribute('role')).toBe('status');
  });
});

describe('the status bar', () => {
  it('tells model, place, cost and what runs', async () => {
    vi.useFakeTimers();
    const replies: Record<string, ReadonlyJSONObject> = {
      status: { model: { name: 'qwen', ready: true, local: true } },
      cost: { total: { cost: '$0.02' } }
    };
    const desk = new Desk(call => ({ result: replies[call.verb] ?? {}, bundle: {}, changed: [] }));
    const clicked = vi.fn();
    const item = attach(
      new StatusItem({ client: desk, events: null, trans, clicked, folder: () => 'work', every: () => 0 })
    );
    item.follow();
    await vi.advanceTimersByTimeAsync(2000);
    expect(item.node.textContent).toBe('qwen · local · $0.02 today');
    replies.status = { model: { name: null, ready: false } };
    desk.decided.emit({ verb: 'accept', folder: 'work' });
    desk.running.push(desk.start('chat', {}, { folder: 'work' }));
    desk.runningChanged.emit();
    expect(item.node.textContent).toContain('1 running');
    await vi.advanceTimersByTimeAsync(2000);
    expect(item.node.textContent).toContain('no model');
    item.node.querySelector('button')!.click();
    expect(clicked).toHaveBeenCalledOnce();
    item.dispose();
    vi.useRealTimers();
  });
});

describe('a draft', () => {
  const place: IPlace = { path: 'work/a.ipynb', cell: 'c1', language: 'python', code: 'x = "```"\n', error: 'NameError: y' };
  const words: TranslationBundle = trans;

  it('of a fix names the cell, and carries code and error', () => {
    const draft = draftOf('fix', place, 'a.ipynb', words);
    expect(draft).toMatchObject({ verb: 'code', folder: 'work', args: { file: ['a.ipynb'], cell: 'c1' } });
    expect(draft.text).toContain('````python\nx = "```"\n````');
    expect(draft.text).toContain('NameError: y');
    expect(draft.args.instruct).toBe(draft.text);
  });

  it('sends an error only with a fix, and of a long one its end', () => {
    const long = { ...place, error: `${'frame '.repeat(5000)}the end` };
    expect(draftOf('refactor', long, 'a.ipynb', words).text).not.toContain('frame');
    const fix = draftOf('fix', long, 'a.ipynb', words).text;
    expect(fix.length).toBeLessThan(6000);
    expect(fix).toContain('the end');
  });

  it('of tests changes another file, and outside of a workspace none is named', () => {
    expect(draftOf('tests', place, 'a.ipynb', words).args).not.toHaveProperty('file');
    expect(draftOf('refactor', place, null, words).args).not.toHaveProperty('file');
    expect(draftOf('explain', place, null, words)).toMatchObject({ verb: 'chat' });
  });
});
