import { afterEach, describe, expect, it } from 'vitest';

import { CallError } from '../api';
import { ProposalRenderer } from '../proposal/renderer';
import { spansOf } from '../proposal/wordDiff';
import { PROPOSAL_MIME } from '../tokens';
import { answer, attach, Desk, HOSTILE, proposalData, proposalModel, settled, trans } from './fixtures';

let open: ProposalRenderer[] = [];

async function shown(data: unknown, desk: Desk): Promise<ProposalRenderer> {
  const renderer = attach(new ProposalRenderer({ client: desk, events: null, folder: 'work', trans }));
  open.push(renderer);
  await renderer.renderModel(proposalModel(data));
  await settled();
  return renderer;
}

/** A desk whose store holds the proposal in the states given; `accept` accepts. */
function store(states = ['pending', 'pending', 'pending']): Desk {
  return new Desk(({ verb, args }) => {
    if (verb === 'accept') {
      (args.refs as string[]).forEach(ref => (states[Number(ref.split(':')[1]) - 1] = 'accepted'));
      return answer({ 'text/plain': 'Committed 1 hunk.' });
    }
    return answer({ [PROPOSAL_MIME]: proposalData(states) });
  });
}

function action(renderer: ProposalRenderer, name: string): HTMLButtonElement | null {
  return [...renderer.node.querySelectorAll<HTMLButtonElement>('button')].find(node => node.dataset.action === name) ?? null;
}

afterEach(() => {
  open.forEach(renderer => renderer.dispose());
  open = [];
});

describe('a proposal', () => {
  it('shows the traceback of a failing test, and not only in a tooltip', async () => {
    const base = proposalData(['pending']) as { proposal: object };
    const checks = [
      { name: 'tests', passed: false, detail: 'failing: test_a\nE  assert 6 == 4' },
      { name: 'names', passed: false, detail: 'a.py: undefined x' },
      { name: 'safety', passed: true, detail: 'two\nlines' }
    ];
    const failing = { ...base, proposal: { ...base.proposal, checks } };
    const { node } = await shown(failing, new Desk(() => answer({ [PROPOSAL_MIME]: failing })));
    expect([...node.querySelectorAll('.noo-check-said')].map(each => each.textContent)).toEqual([checks[0]?.detail]);
  });

  it('shows each file, hunk, line and check', async () => {
    const { node } = await shown(proposalData(), store());
    expect([...node.querySelectorAll<HTMLElement>('.noo-file')].map(file => file.dataset.path)).toEqual(['inkwell/text.py', 'demo.ipynb']);
    expect([...node.querySelectorAll<HTMLElement>('.noo-hunk')].map(hunk => hunk.dataset.ref)).toEqual(['P1:1', 'P1:2', 'P1:3']);
    const rows = [...node.querySelectorAll('[data-ref="P1:1"] tr')].map(row => [
      ...[...row.querySelectorAll<HTMLElement>('.noo-line-number')].map(cell => cell.dataset.line),
      row.querySelector('.noo-op')?.textContent,
      row.querySelector('.noo-text')?.textContent
    ]);
    expect(rows).toEqual([
      ['3', '3', ' ', 'def words(text):'],
      ['4', '', '−', '    return text.split()'],
      ['', '4', '+', '    return text.split(" ")'],
      ['', '5', '+', '    # done']
    ]);
    expect(node.querySelector('[data-ref="P1:1"] ins')?.textContent).toBe('" "');
    expect([...node.querySelectorAll('.noo-checks li')].map(item => item.textContent)).toEqual(['✓ compiles', '✗ tests', '– safety']);
  });

  it('sends one hunk to be accepted, and shows what the store then says', async () => {
    const desk = store();
    const renderer = await shown(proposalData(), desk);
    action(renderer, 'accept P1:2')?.click();
    await settled();
    expect(desk.calls.map(call => [call.verb, call.args, call.options.folder])).toEqual([
      ['show', { id: 'P1' }, 'work'],
      ['accept', { refs: ['P1:2'] }, 'work'],
      ['show', { id: 'P1' }, 'work']
    ]);
    expect(renderer.node.querySelector<HTMLElement>('[data-ref="P1:2"]')?.dataset.state).toBe('accepted');
    expect(action(renderer, 'accept P1:2')).toBeNull();
    expect(renderer.node.querySelector('.noo-notice')?.textContent).toBe('Committed 1 hunk.');
  });

  it('accepts and rejects all that is still to decide', async () => {
    const desk = store(['accepted', 'pending', 'pending']);
    const renderer = await shown(proposalData(['accepted', 'pending', 'pending']), desk);
    expect(action(renderer, 'accept P1:2 P1:3')?.textContent).toBe('Accept all (2)');
    action(renderer, 'reject P1:2 P1:3')?.click();
    await settled();
    expect(desk.calls[1]).toMatchObject({ verb: 'reject', args: { refs: ['P1:2', 'P1:3'] } });
  });

  it('says on the button what undo and redo will change, and where', async () => {
    // A2 accepted, A5 accepted more, A7 took A5 back: A2 still stands. Then somebody rejected the third hunk.
    const data = proposalData(['accepted', 'undone', 'rejected']) as { proposal: object };
    const turns = { undoable: 'A2', undoes: ['P1:1'], redoable: 'A7', redoes: ['P1:2', 'P2:1'] };
    const stored = { ...data, proposal: { ...data.proposal, ...turns } };
    const desk = new Desk(() => answer({ [PROPOSAL_MIME]: stored }));
    const renderer = await shown(stored, desk);
    const undo = action(renderer, 'undo A2');
    expect(undo?.textContent).toBe('Undo A2: P1:1');
    expect(undo?.closest<HTMLElement>('.noo-hunk')?.dataset.ref).toBe('P1:1');
    const redo = action(renderer, 'redo A7');
    expect(redo?.textContent).toBe('Redo A7: P1:2, P2:1');
    expect(redo?.closest('.noo-bar')).not.toBeNull();
    undo?.click();
    await settled();
    action(renderer, 'redo A7')?.click();
    await settled();
    expect(desk.calls.filter(call => call.verb !== 'show').map(call => [call.verb, call.args])).toEqual([
      ['undo', { turn: 'A2' }],
      ['redo', { turn: 'A7' }]
    ]);
  });

  it('lets a rejection be taken back, and offers no undo for it', async () => {
    const desk = store(['rejected', 'pending', 'rejected']);
    const renderer = await shown(proposalData(['rejected', 'pending', 'rejected']), desk);
    expect(renderer.node.querySelector('[data-action^=undo]')).toBeNull();
    expect(action(renderer, 'reject P1:1')).toBeNull();
    action(renderer, 'accept P1:1')?.click();
    await settled();
    expect(desk.calls[1]).toMatchObject({ verb: 'accept', args: { refs: ['P1:1'] } });
    expect(renderer.node.querySelector<HTMLElement>('[data-ref="P1:1"]')?.dataset.state).toBe('accepted');
    expect(action(renderer, 'undo A7')?.closest<HTMLElement>('.noo-hunk')?.dataset.ref).toBe('P1:1');
  });

  it('tells where it comes from, in a box that stays as the person left it', async () => {
    const provenance = {
      task: 'T2', task_title: 'Store readers', how: 'model', model: 'small-1', prompt: 'code_edit', prompt_version: '2',
      context: ['inkwell/text.py:1-5'], answer: HOSTILE, trace_id: 'abc', steps: ['noo run  1.00 s', '  ask  0.90 s']
    };
    const states = ['pending', 'pending', 'pending'];
    const desk = new Desk(() => answer({ [PROPOSAL_MIME]: { ...proposalData(states), provenance } }));
    const { node } = await shown(proposalData(), desk);
    const box = (): HTMLDetailsElement => node.querySelector<HTMLDetailsElement>('.noo-origin')!;
    expect(box().open).toBe(false);
    const facts = [...box().querySelectorAll('dt')].map(term => [term.textContent, term.nextElementSibling?.textContent]);
    expect(facts).toEqual([
      ['Task', 'T2 Store readers'],
      ['How', 'model'],
      ['Model', 'small-1'],
      ['Prompt', 'code_edit (2)'],
      ['Context', 'inkwell/text.py:1-5'],
      ['Answer', HOSTILE],
      ['Trace', 'abcnoo run  1.00 s\n  ask  0.90 s']
    ]);
    expect(node.querySelectorAll('img, script')).toHaveLength(0);
    box().open = true;
    states[0] = 'rejected';
    desk.decided.emit({ verb: 'reject', folder: 'work' });
    await settled();
    expect(node.querySelector<HTMLElement>('[data-ref="P1:1"]')?.dataset.state).toBe('rejected');
    expect(box().open).toBe(true);
  });

  it('shows the accepted text of an edited hunk, and what was proposed in a box', async () => {
    const base = proposalData(['edited', 'pending', 'pending']) as { hunks: object[] };
    const lines = [{ op: '+', text: 'my own' }];
    const data = { ...base, hunks: [{ ...base.hunks[0], lines, edited: 'my own\n', new: 'the proposed\n' }] };
    const { node } = await shown(data, new Desk(() => answer({ [PROPOSAL_MIME]: data })));
    expect([...node.querySelectorAll('.noo-text')].map(cell => cell.textContent)).toEqual(['my own']);
    expect(node.querySelector<HTMLDetailsElement>('.noo-edited')?.open).toBe(false);
    expect(node.querySelector('.noo-edited pre')?.textContent).toBe('the proposed\n');
  });

  it('says whose text a draft is, and why a hunk cannot be accepted now', async () => {
    const base = proposalData() as { hunks: object[] };
    const hunks = [{ ...base.hunks[0], draft: 'mine\n', new: 'the proposed\n' }, { ...base.hunks[1], refused: HOSTILE }];
    const { node } = await shown({ ...base, hunks }, new Desk(() => answer({ [PROPOSAL_MIME]: { ...base, hunks } })));
    expect(node.querySelector('[data-ref="P1:1"] summary')?.textContent).toContain('not accepted yet');
    expect(node.querySelector('[data-ref="P1:1"] pre')?.textContent).toBe('the proposed\n');
    expect(node.querySelector('[data-ref="P1:2"] [role=note]')?.textContent).toBe(`Not now: ${HOSTILE}`);
    expect(node.querySelectorAll('[role=note]').length).toBe(1);
  });

  it('shows commands in messages as code', async () => {
    const data = { ...proposalData(), notes: ['Save it, then `accept P1` <b>.'] };
    const { node } = await shown(data, new Desk(() => answer({ [PROPOSAL_MIME]: data })));
    expect(node.querySelector('.noo-notice')?.textContent).toBe('Save it, then accept P1 <b>.');
    expect(node.querySelector('.noo-notice code')?.textContent).toBe('accept P1');
  });

  it('shows a refusal in place and can be tried again', async () => {
    const desk = new Desk(({ verb }) => {
      if (verb === 'accept') {
        throw new CallError('inkwell/text.py has unsaved edits.', 'They overlap.', 'Save the file first.', 409);
      }
      return answer({ [PROPOSAL_MIME]: proposalData() });
    });
    const renderer = await shown(proposalData(), desk);
    action(renderer, 'accept P1:1')?.click();
    await settled();
    expect(renderer.node.querySelector('[role=alert]')?.textContent).toBe(
      'inkwell/text.py has unsaved edits. They overlap. Save the file first.'
    );
    expect(action(renderer, 'accept P1:1')?.disabled).toBe(false);
  });

  it('decides only on what the store holds, not on what a notebook claims', async () => {
    let tell: () => void = () => undefined;
    const desk = new Desk(() => new Promise(resolve => (tell = () => resolve(answer({ [PROPOSAL_MIME]: proposalData() })))));
    const forged = proposalData() as { hunks: object[] };
    const renderer = await shown(
      { ...forged, hunks: forged.hunks.map(hunk => ({ ...hunk, lines: [{ op: '+', text: 'harmless' }] })) },
      desk
    );
    expect(renderer.node.textContent).toContain('harmless');
    expect(action(renderer, 'accept P1:1')?.disabled).toBe(true);
    tell();
    await settled();
    expect(renderer.node.textContent).not.toContain('harmless');
    expect(action(renderer, 'accept P1:1')?.disabled).toBe(false);
  });

  it('stays readable, and locked, where the store does not know it', async () => {
    const desk = new Desk(() => {
      throw new CallError('There is no proposal P1.');
    });
    const renderer = await shown(proposalData(), desk);
    expect(renderer.node.querySelectorAll('.noo-hunk')).toHaveLength(3);
    expect(renderer.node.textContent).toContain('There is no proposal P1.');
    expect([...renderer.node.querySelectorAll('button')].every(node => node.disabled)).toBe(true);
  });

  it('may come with others, and with what the verb has to say', async () => {
    const other = proposalData() as { proposal: object };
    const { node } = await shown(
      { lines: ['T1: proposed P1', HOSTILE], proposals: [proposalData(), { ...other, proposal: { ...other.proposal, id: 'P2' } }, 7] },
      new Desk(({ args }) =>
        answer({ [PROPOSAL_MIME]: { ...other, proposal: { ...other.proposal, id: String(args.id) } } })
      )
    );
    expect([...node.querySelectorAll('.noo-lines li')].map(item => item.textContent)).toEqual(['T1: proposed P1', HOSTILE]);
    expect([...node.querySelectorAll('.noo-proposal .noo-head > .noo-id')].map(item => item.textContent)).toEqual(['P1', 'P2']);
    expect(node.querySelectorAll('[role=alert]')).toHaveLength(1);
  });

  it('follows a decision made elsewhere in the window, also from another folder', async () => {
    const states = ['pending', 'pending', 'pending'];
    const desk = store(states);
    const renderer = await shown(proposalData(), desk);
    states[0] = 'rejected';
    desk.decided.emit({ verb: 'reject', folder: '' });
    await settled();
    expect(renderer.node.querySelector<HTMLElement>('[data-ref="P1:1"]')?.dataset.state).toBe('rejected');
  });

  it('forgets what the last decision said once another one was made', async () => {
    const states = ['pending', 'pending', 'pending'];
    const desk = store(states);
    const renderer = await shown(proposalData(), desk);
    const { node } = renderer;
    action(renderer, 'accept P1:2')?.click();
    await settled();
    expect(node.querySelector('.noo-notice')?.textContent).toBe('Committed 1 hunk.');
    desk.decided.emit({ verb: '', folder: 'work' });
    await settled();
    expect(node.querySelector('.noo-notice')?.textContent).toBe('Committed 1 hunk.');
    states[0] = 'rejected';
    desk.decided.emit({ verb: 'reject', folder: 'work' });
    await settled();
    expect(node.querySelector('.noo-notice')).toBeNull();
  });

  it('is looked up once it is seen again, and drawn anew only where something changed', async () => {
    const states = ['pending', 'pending', 'pending'];
    const desk = store(states);
    const renderer = await shown(proposalData(), desk);
    const first = renderer.node.querySelector('.noo-hunk');
    desk.decided.emit({ verb: '', folder: 'work' });
    await settled();
    expect(renderer.node.querySelector('.noo-hunk')).toBe(first);
    renderer.hide();
    states[0] = 'rejected';
    desk.decided.emit({ verb: 'reject', folder: 'work' });
    await settled();
    expect(desk.calls).toHaveLength(2);
    renderer.show();
    await settled();
    expect(desk.calls).toHaveLength(3);
    expect(renderer.node.querySelector<HTMLElement>('[data-ref="P1:1"]')?.dataset.state).toBe('rejected');
  });

  it('says so when the data is not a proposal that it knows', async () => {
    for (const data of [undefined, 'x', {}, { proposal: { id: 'P1' } }, { proposal: { id: '../x' }, hunks: [] }]) {
      const desk = store();
      const { node } = await shown(data, desk);
      expect(node.querySelector('[role=alert]')?.textContent).toContain('cannot be shown');
      expect(desk.calls).toHaveLength(0);
    }
  });

  it('never reads data as HTML', async () => {
    const base = proposalData() as { proposal: object; hunks: object[] };
    const hostile = {
      proposal: { ...base.proposal, title: HOSTILE, how: HOSTILE, checks: [{ name: HOSTILE, passed: true, detail: HOSTILE }] },
      hunks: base.hunks.map(hunk => ({ ...hunk, path: HOSTILE, header: HOSTILE, state: HOSTILE, lines: [{ op: '+', text: HOSTILE }] }))
    };
    const desk = new Desk(() => answer({ [PROPOSAL_MIME]: hostile }));
    const { node } = await shown(hostile, desk);
    expect(node.querySelectorAll('img, script')).toHaveLength(0);
    expect(node.textContent).toContain(HOSTILE);
  });

  it('shows a long hunk in part until it is asked for the rest', async () => {
    const base = proposalData() as { hunks: { lines: object[] }[] };
    const lines = Array.from({ length: 500 }, (_, k) => ({ op: '+', text: `line ${k}` }));
    const long = { ...base, hunks: [{ ...base.hunks[0], lines }] };
    const { node } = await shown(long, new Desk(() => answer({ [PROPOSAL_MIME]: long })));
    expect(node.querySelectorAll('tr')).toHaveLength(120);
    node.querySelector<HTMLButtonElement>('.noo-more')?.click();
    expect(node.querySelectorAll('tr')).toHaveLength(500);
  });
});

describe('words that differ', () => {
  it('are marked where two lines are alike, and nowhere else', () => {
    const spans = spansOf([
      { op: '-', text: 'limit = 10' },
      { op: '-', text: 'alpha beta' },
      { op: '+', text: 'limit = 200' },
      { op: '+', text: 'quite other' }
    ]);
    expect(spans.map(line => line.filter(span => span.changed).map(span => span.text))).toEqual([['10'], [], ['200'], []]);
  });
});
