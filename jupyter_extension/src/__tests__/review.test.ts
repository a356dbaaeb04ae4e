import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Signal } from '@lumino/signaling';
import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { CallError } from '../api';
import { Hints } from '../hints';
import { sidesOf } from '../review/compare';
import { readList, readReview } from '../review/data';
import { findingsIn, isBeside } from '../review/findings';
import { ProposalList } from '../review/list';
import { ReviewWidget } from '../review/widget';
import type { IEventStream, INootropicEvents, NootropicEvent, StreamState } from '../tokens';
import { answer, attach, defaults, Desk, HOSTILE, proposalData, settled, trans } from './fixtures';

/** What `diff P1/inkwell/text.py` answers. */
function diffData(states: readonly string[] = ['pending', 'pending'], over: ReadonlyJSONObject = {}): ReadonlyJSONObject {
  const { proposal, hunks } = proposalData(states) as { proposal: ReadonlyJSONObject; hunks: ReadonlyJSONObject[] };
  const count = (state: string): number => states.filter(each => each === state).length;
  return {
    proposal: { ...proposal, checks: [{ name: 'names', passed: false, detail: 'inkwell/text.py:11 undefined', vouched_by: 'scan' }] },
    files: [
      { path: 'inkwell/text.py', about: [], states: { pending: count('pending'), accepted: count('accepted') }, added: 3, removed: 1, first: 1, first_pending: 1 },
      { path: 'demo.ipynb', about: [], states: { pending: 1 }, added: 1, removed: 0, first: 3, first_pending: 3 }
    ],
    hunks: hunks.slice(0, 2).map(hunk => ({ ...hunk, new: 'proposed\n', editable: true, left_out: false, cell_kind: '', outputs: 0 })),
    path: 'inkwell/text.py',
    page: 1,
    pages: 1,
    drift: '',
    refused: {},
    language: '',
    cells: [],
    ...over
  };
}

/** Events that a test sends. */
class Events implements INootropicEvents {
  state: StreamState = 'connected';
  readonly stateChanged = new Signal<IEventStream, StreamState>({} as IEventStream);
  readonly event = new Signal<IEventStream, NootropicEvent>({} as IEventStream);

  connect(folder: string): IEventStream {
    const stream = { folder, event: this.event, stateChanged: this.stateChanged, isDisposed: false, retry: () => undefined, dispose: () => undefined };
    return Object.defineProperty(stream, 'state', { get: () => this.state }) as unknown as IEventStream;
  }
}

/** jsdom lays nothing out: all is in view. */
class InView {
  constructor(private readonly seen: (entries: { target: Element; isIntersecting: boolean }[]) => void) {}
  observe(target: Element): void {
    this.seen([{ target, isIntersecting: true }]);
  }
  unobserve(): void {}
  disconnect(): void {}
}

const observer = globalThis.IntersectionObserver;
const made: { dispose(): void }[] = [];

beforeEach(() => {
  globalThis.IntersectionObserver = InView as unknown as typeof IntersectionObserver;
});

afterEach(() => {
  globalThis.IntersectionObserver = observer;
  made.splice(0).forEach(widget => widget.dispose());
  document.body.replaceChildren();
});

function review(client: Desk, events: Events | null = null): ReviewWidget {
  const widget = new ReviewWidget({
    client,
    events,
    languages: null,
    folder: 'work',
    id: 'P1',
    trans,
    mode: { get: () => 'side', set: () => undefined },
    keys: () => [['A', 'Accept']],
    open: async () => undefined
  });
  made.push(widget);
  return attach(widget);
}

const result = (data: ReadonlyJSONObject) => ({ ...answer({ 'text/plain': 'A8: accepted P1:1' }), result: data });
const card = (widget: ReviewWidget, ref: string): HTMLElement => {
  const found = widget.node.querySelector<HTMLElement>(`[data-ref="${ref}"]`);
  if (found === null) {
    throw new Error(`no ${ref}`);
  }
  return found;
};

describe('what the server tells', () => {
  it('is read, and nothing else is taken for it', () => {
    const read = readReview(diffData());
    expect(read?.files.map(file => [file.path, file.pending, file.hunks])).toEqual([['inkwell/text.py', 2, 2], ['demo.ipynb', 1, 1]]);
    for (const wrong of [{}, { proposal: 3 }, { ...diffData(), files: 'none' }, { ...diffData(), hunks: null }]) {
      expect(readReview(wrong as ReadonlyJSONObject)).toBeNull();
    }
  });

  it('lists those that wait first, the newest first', () => {
    const line = (id: string, pending: number, created: number) => ({ id, pending, created, hunks: 3 });
    const read = readList({ proposals: [line('P1', 0, 9), line('P2', 1, 1), line('P3', 2, 2), { id: 'x' }, 7] });
    expect(read.map(each => each.id)).toEqual(['P3', 'P2', 'P1']);
  });

  it('has two sides, without marks about a missing line end', () => {
    const lines = [
      { op: ' ', text: 'a' },
      { op: '-', text: 'b' },
      { op: ' ', text: '\\ No newline at end of file' },
      { op: '+', text: 'c' }
    ] as const;
    expect(sidesOf(lines)).toEqual(['a\nb', 'a\nc']);
  });

  it('puts a finding beside the hunk that holds its line', () => {
    const read = readReview(diffData());
    const findings = findingsIn(read?.proposal.checks ?? [], 'inkwell/text.py');
    expect(findings.map(finding => [finding.line, finding.vouchedBy])).toEqual([[11, 'scan']]);
    expect(read?.hunks.map(hunk => findings.some(finding => isBeside(finding, hunk)))).toEqual([false, true]);
    expect(findingsIn(read?.proposal.checks ?? [], 'inkwell/text')).toEqual([]);
  });
});

describe('a review', () => {
  it('decides a hunk, tells the time, keeps the card and goes to the next', async () => {
    let states = ['pending', 'pending'];
    const client = new Desk(call => {
      if (call.verb === 'accept') {
        states = ['accepted', 'pending'];
      }
      return result(diffData(states));
    });
    const widget = review(client);
    await settled();
    const first = card(widget, 'P1:1');
    first.focus();
    first.querySelector<HTMLButtonElement>('[data-action="accept P1:1"]')?.click();
    await settled();
    const accept = client.calls.find(call => call.verb === 'accept');
    expect(accept?.args.refs).toEqual(['P1:1']);
    expect(accept?.args['after-s']).toBeTypeOf('number');
    expect(card(widget, 'P1:1')).toBe(first);
    expect(first.dataset.state).toBe('accepted');
    expect(document.activeElement).toBe(card(widget, 'P1:2'));
  });

  it('tells why a hunk cannot be accepted, and does not ask', async () => {
    const data = diffData();
    const hunks = (data.hunks as ReadonlyJSONObject[]).map(hunk => ({ ...hunk, refused: 'calc.py is open with unsaved edits.' }));
    const refused = { 'inkwell/text.py': 'calc.py is open with unsaved edits.' };
    const client = new Desk(() => result({ ...data, hunks, refused }));
    const widget = review(client);
    await settled();
    const accept = card(widget, 'P1:1').querySelector<HTMLButtonElement>('[data-action="accept P1:1"]');
    expect(accept?.getAttribute('aria-disabled')).toBe('true');
    const reason = widget.node.querySelector(`#${accept?.getAttribute('aria-describedby')}`);
    expect(reason?.textContent).toContain('unsaved edits');
    accept?.click();
    card(widget, 'P1:1').focus();
    await widget.act('accept');
    // Nor of all of it, or of the file; a rejection writes nothing.
    for (const act of ['accept P1', 'accept P1/inkwell/text.py']) {
      const whole = widget.node.querySelector<HTMLButtonElement>(`[data-action="${act}"]`);
      expect(whole?.getAttribute('aria-disabled'), act).toBe('true');
      expect(widget.node.querySelector(`#${whole?.getAttribute('aria-describedby')}`)?.textContent).toContain('unsaved edits');
      whole?.click();
    }
    expect(widget.node.querySelector('[data-action="reject P1"]')?.hasAttribute('aria-disabled')).toBe(false);
    // What is said aloud stays one place: a new one would not be heard.
    expect(widget.node.querySelector(':scope > .noo-live[role=status]')?.textContent).toContain('unsaved edits');
    expect(client.calls.some(call => call.verb === 'accept')).toBe(false);
  });

  it('keeps an open editor and its text while the rest is read anew', async () => {
    const events = new Events();
    const client = new Desk(() => result(diffData()));
    const widget = review(client, events);
    await settled();
    await widget.act('edit', 'P1:1');
    const editor = card(widget, 'P1:1').querySelector('.noo-review-editor .cm-content');
    expect(editor?.textContent).toContain('proposed');
    expect(widget.hasClass('noo-mod-editing')).toBe(true);
    events.event.emit({ kind: 'journal', id: 9, name: 'HunkDecided', row: 'hunk.rejected', subject: 'P1:2', data: {} });
    await new Promise(resolve => setTimeout(resolve, 200));
    await settled();
    expect(card(widget, 'P1:1').querySelector('.noo-review-editor .cm-content')).toBe(editor);
    card(widget, 'P1:1').querySelector<HTMLButtonElement>('[data-action="save"]')?.click();
    await settled();
    expect(client.calls.find(call => call.verb === 'edit')?.args).toEqual({ ref: 'P1:1', text: 'proposed\n' });
    expect(widget.hasClass('noo-mod-editing')).toBe(false);
  });

  it('decides nothing while the server is away, and can be decided on when it is back', async () => {
    const events = new Events();
    const client = new Desk(() => result(diffData()));
    const widget = review(client, events);
    await settled();
    const become = (state: StreamState): void => {
      events.state = state;
      events.stateChanged.emit(state);
    };
    const locked = (): boolean =>
      card(widget, 'P1:1').querySelector('[data-action="reject P1:1"]')?.getAttribute('aria-disabled') === 'true' &&
      widget.node.querySelector<HTMLButtonElement>('[data-action="reject P1"]')?.disabled === true;
    for (const state of ['offline', 'refused'] as const) {
      become(state);
      expect(locked()).toBe(true);
      await widget.act('reject', 'P1:1');
    }
    expect(widget.node.textContent).toContain('does not let this page in');
    expect(client.calls.some(call => call.verb === 'reject')).toBe(false);
    become('unheard');
    expect([locked(), widget.node.textContent]).toEqual([false, expect.stringContaining('News do not come through')]);
    become('connected');
    await widget.act('reject', 'P1:1');
    expect(client.calls.some(call => call.verb === 'reject')).toBe(true);
  });

  it('listens to what is about it, and to nothing else', async () => {
    const events = new Events();
    const client = new Desk(() => result(diffData()));
    review(client, events);
    await settled();
    const before = client.calls.length;
    const journal = (subject: string, name = 'HunkDecided'): void =>
      events.event.emit({ kind: 'journal', id: 9, name, row: '', subject, data: {} });
    journal('P11:1');
    journal('P1:1', 'PlanChanged');
    await new Promise(resolve => setTimeout(resolve, 200));
    expect(client.calls.length).toBe(before);
    journal('P1:1');
    await new Promise(resolve => setTimeout(resolve, 200));
    await settled();
    expect(client.calls.length).toBe(before + 1);
  });

  it('leaves what stands above the hunks in place while it says the same', async () => {
    const events = new Events();
    let states = ['pending', 'pending'];
    const client = new Desk(() => result(diffData(states)));
    const widget = review(client, events);
    await settled();
    const all = (): Element => widget.node.querySelector('[data-action="reject P1"]')!;
    const file = (): Element => widget.node.querySelector('[data-action="open demo.ipynb"]')!;
    const before = [all(), file()];
    const heard = async (): Promise<void> => {
      events.event.emit({ kind: 'journal', id: 9, name: 'HunkDecided', row: '', subject: 'P1:1', data: {} });
      const asked = client.calls.length;
      await vi.waitFor(() => expect(client.calls.length).toBe(asked + 1));
      await settled();
    };
    await heard();
    expect([all() === before[0], file() === before[1]]).toEqual([true, true]);
    states = ['accepted', 'pending'];
    await heard();
    expect(all()).not.toBe(before[0]);
  });

  it('opens its first file also where something happens just then', async () => {
    const events = new Events();
    const client = new Desk(async call => {
      await new Promise(resolve => setTimeout(resolve, call.args.ref === 'P1' ? 0 : 250));
      return result(diffData(['pending', 'pending'], call.args.ref === 'P1' ? { path: null, hunks: [] } : {}));
    });
    const widget = review(client, events);
    await new Promise(resolve => setTimeout(resolve, 20));
    events.event.emit({ kind: 'resync' });
    await new Promise(resolve => setTimeout(resolve, 600));
    expect(card(widget, 'P1:1').dataset.state).toBe('pending');
  });

  it('says that it reads a file only until the newest answer is there', async () => {
    const events = new Events();
    let asked = 0;
    const client = new Desk(async call => {
      const isOther = call.args.ref === 'P1/demo.ipynb';
      await new Promise(resolve => setTimeout(resolve, isOther && asked++ === 0 ? 900 : 0));
      return result(diffData(['pending', 'pending'], isOther ? { path: 'demo.ipynb', hunks: [] } : {}));
    });
    const widget = review(client, events);
    await settled();
    [...widget.node.querySelectorAll<HTMLElement>('nav button')].find(each => each.textContent!.includes('demo.ipynb'))!.click();
    await vi.waitFor(() => expect(widget.node.textContent).toContain('Reading demo.ipynb'));
    // Something happens meanwhile: it is asked again, and that answer overtakes the first.
    events.event.emit({ kind: 'resync' });
    await vi.waitFor(() => expect(widget.node.querySelector('.noo-review-main [aria-label="demo.ipynb"], .noo-file-path')).not.toBeNull());
    await new Promise(resolve => setTimeout(resolve, 500));
    expect(asked).toBe(2);
    expect(widget.node.textContent).not.toContain('Reading demo.ipynb');
  });

  it('shows what was read last while the server is away, and decides nothing', async () => {
    let away = false;
    const client = new Desk(() => {
      if (away) {
        throw new CallError('The Jupyter server did not answer.');
      }
      return result(diffData());
    });
    const widget = review(client);
    await settled();
    away = true;
    await widget.act('reject', 'P1:1');
    await settled();
    expect(widget.node.querySelector('.noo-mod-error')?.textContent).toContain('did not answer');
    expect(card(widget, 'P1:1').querySelector('[data-action="reject P1:1"]')?.getAttribute('aria-disabled')).toBe('true');
    away = false;
    widget.node.querySelector<HTMLButtonElement>('[data-action="again"]')?.click();
    await settled();
    expect(widget.node.querySelector('.noo-mod-error')).toBeNull();
  });

  it.each([
    ['a file runs by itself', 'NeedsOwnYes', 'allow-executable'],
    ['its checks fail', 'ChecksFail', 'failing']
  ])('asks for a yes of its own where %s', async (_, kind, yes) => {
    const client = new Desk(call => {
      if (call.verb === 'accept' && call.args[yes] !== true) {
        throw new CallError('It is refused.', '', '', 409, kind);
      }
      return result(diffData());
    });
    const widget = review(client);
    await settled();
    await widget.act('accept', 'P1:1');
    widget.node.querySelector<HTMLButtonElement>('[data-action="yes"]')?.click();
    await settled();
    const asked = client.calls.filter(call => call.verb === 'accept').map(call => call.args[yes]);
    expect(asked).toEqual([undefined, true]);
  });

  it('asks for lines that were left out, and says what it does not understand', async () => {
    const whole = diffData();
    const hunks = (whole.hunks as ReadonlyJSONObject[]).map(hunk => ({ ...hunk, lines: [], left_out: true }));
    const client = new Desk(call => (call.args.ref === 'P1:2' ? result({ ...whole, hunks: (whole.hunks as ReadonlyJSONObject[]).slice(1) }) : result({ ...whole, hunks })));
    const widget = review(client);
    await settled();
    expect(client.calls.map(call => call.args.ref)).toContain('P1:2');
    expect(card(widget, 'P1:2').textContent).toContain('LIMIT = 3');
    const strange = review(new Desk(() => result({ proposal: { id: 'P2' }, files: [], hunks: [] })));
    await settled();
    expect(strange.node.textContent).toContain('a shape that this version does not know');
  });

  it('never reads text as HTML', async () => {
    const data = diffData();
    const proposal = { ...(data.proposal as ReadonlyJSONObject), title: HOSTILE };
    const hunks = (data.hunks as ReadonlyJSONObject[]).map(hunk => ({ ...hunk, header: HOSTILE, refused: HOSTILE, lines: [{ op: '+', text: HOSTILE }] }));
    const widget = review(new Desk(() => result({ ...data, proposal, hunks, drift: HOSTILE })));
    await settled();
    expect(widget.node.querySelector('script, img[onerror]')).toBeNull();
    expect(widget.node.textContent).toContain('onerror');
  });

  it('goes from hunk to hunk, and to the next file at the end', async () => {
    const client = new Desk(() => result(diffData()));
    const widget = review(client);
    await settled();
    card(widget, 'P1:1').focus();
    await widget.act('next');
    expect(document.activeElement).toBe(card(widget, 'P1:2'));
    await widget.act('previous');
    expect(document.activeElement).toBe(card(widget, 'P1:1'));
    await widget.act('next');
    await widget.act('next');
    expect(client.calls.at(-1)?.args).toEqual({ ref: 'P1/demo.ipynb', page: 1 });
  });
});

describe('the list of proposals', () => {
  const lines = [
    { id: 'P1', title: 'Done', task: 'T1', status: 'accepted', pending: 0, hunks: 2, created: 1, paths: ['a.py'] },
    { id: 'P2', title: HOSTILE, task: 'T2', status: 'open', pending: 2, hunks: 2, created: 2, paths: ['b.py'], failed_checks: ['tests'] }
  ];

  function list(client: Desk, opened: string[] = []): ProposalList {
    const widget = new ProposalList({ client, events: null, trans, hints: new Hints(defaults, trans), folder: () => 'work', open: id => opened.push(id) });
    made.push(widget);
    return attach(widget);
  }

  it('shows those that wait, finds others, and opens one', async () => {
    const opened: string[] = [];
    const widget = list(new Desk(() => result({ proposals: lines, notes: [] })), opened);
    await settled();
    const ids = (): (string | undefined)[] => [...widget.node.querySelectorAll<HTMLElement>('[data-id]')].map(node => node.dataset.id);
    expect(ids()).toEqual(['P2']);
    expect(widget.node.querySelector('img')).toBeNull();
    const filter = widget.node.querySelector('select');
    if (filter) {
      filter.value = 'all';
      filter.dispatchEvent(new Event('change'));
    }
    expect(ids()).toEqual(['P2', 'P1']);
    widget.node.querySelector<HTMLElement>('[data-id="P1"]')?.click();
    expect(opened).toEqual(['P1']);
  });

  it('says that nothing is there, and what is wrong', async () => {
    const empty = list(new Desk(() => result({ proposals: [] })));
    await settled();
    expect(empty.node.textContent).toContain('Nothing was proposed yet');
    const refused = list(
      new Desk(() => {
        throw new CallError('The Jupyter server does not let this page in.', '', '', 403);
      })
    );
    await settled();
    expect(refused.node.querySelector('.noo-mod-offline')?.textContent).toContain('does not let this page in');
  });

  it('stays in place while what it says is the same, also when it was hidden and is shown again', async () => {
    let replied = { proposals: lines, notes: [] as string[] };
    const client = new Desk(() => result(replied));
    const widget = list(client);
    await settled();
    const line = (): HTMLElement => widget.node.querySelector<HTMLElement>('[data-id="P2"]')!;
    const before = line();
    before.focus();
    widget.hide();
    client.decided.emit({ verb: '', folder: 'work' });
    widget.show();
    await settled();
    expect(widget.isHidden).toBe(false);
    expect(line()).toBe(before);
    // What it says is another thing now: drawn anew, and the focus stays where it was.
    line().focus();
    replied = { ...replied, notes: ['A proposal cannot be read.'] };
    widget.hide();
    client.decided.emit({ verb: '', folder: 'work' });
    widget.show();
    line().focus();
    await settled();
    expect(line()).not.toBe(before);
    expect(document.activeElement).toBe(line());
  });

  it('keeps the focus when the button that had it is gone because it worked', async () => {
    let refuses = true;
    const widget = list(
      new Desk(() => {
        if (refuses) {
          throw new CallError('The Jupyter server does not let this page in.', '', '', 403);
        }
        return result({ proposals: lines });
      })
    );
    await settled();
    refuses = false;
    const again = widget.node.querySelector<HTMLElement>('.noo-panel-state button')!;
    again.focus();
    again.click();
    await settled();
    expect(document.activeElement).toBe(widget.node.querySelector('[data-id="P2"]'));
  });
});
