import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { IEditorTracker } from '@jupyterlab/fileeditor';
import { CommandRegistry } from '@lumino/commands';
import { DisposableDelegate } from '@lumino/disposable';
import { afterEach, describe, expect, it } from 'vitest';

import { CallError } from '../api';
import { actions } from '../plugins/actions';
import type { IChatOpener, IDraft } from '../tokens';
import { answer, defaults, Desk } from './fixtures';

/** JupyterLab with a file in front whose first line is selected. */
async function bench(desk: Desk, chat: IChatOpener | null): Promise<CommandRegistry> {
  const commands = new CommandRegistry();
  const editor = {
    getSelection: () => ({ start: 0, end: 5 }),
    getOffsetAt: (offset: number) => offset,
    model: { sharedModel: { getSource: () => 'x = 1\ny = 2\n' } }
  };
  const file = { content: { editor, model: { mimeType: 'text/x-python' } }, context: { path: 'work/a.py' } };
  const app = {
    commands,
    contextMenu: { addItem: () => new DisposableDelegate(() => undefined) },
    serviceManager: { contents: { localPath: (path: string) => path } },
    shell: { currentWidget: file }
  } as unknown as JupyterFrontEnd;
  await defaults.ready;
  await actions.activate(app, desk, null, { currentWidget: file } as unknown as IEditorTracker, chat, defaults, null);
  return commands;
}

/** The chat at the edge: what it was given. */
class Chat implements IChatOpener {
  readonly drafts: (IDraft | undefined)[] = [];
  readonly told: string[] = [];
  readonly open = (draft?: IDraft): unknown => this.drafts.push(draft);
  readonly tell = (line: string): unknown => this.told.push(line);
}

describe('an action at a selection', () => {
  afterEach(() => Notification.dismiss());

  it('opens as a draft', async () => {
    const chat = new Chat();
    const commands = await bench(new Desk(() => answer({})), chat);
    await commands.execute('nootropic:refactor-here');
    expect(chat.drafts).toMatchObject([{ verb: 'code', folder: 'work', args: { file: ['a.py'] } }]);
    expect(chat.drafts[0]!.text).toContain('x = 1');
    expect(chat.told).toEqual([]);
  });

  const away = new Desk(() => answer({}));
  away.place = async () => {
    throw new CallError('The Jupyter server did not answer.', '', 'Check that it is still running, then try again.');
  };

  // Regression: it failed in the browser's console, and nobody was told.
  it.each([['fix', 'Fix This Error'], ['explain', 'Explain'], ['refactor', 'Refactor'], ['tests', 'Write Tests']])(
    'says what is wrong and what to do while the server is away: %s',
    async (action, label) => {
      const chat = new Chat();
      const commands = await bench(away, chat);
      await commands.execute(`nootropic:${action}-here`);
      expect(chat.told).toEqual([`${label}: The Jupyter server did not answer. Check that it is still running, then try again.`]);
      expect(chat.drafts).toEqual([]);
    }
  );

  it('says so among the notifications where there is no chat', async () => {
    const commands = await bench(away, null);
    await commands.execute('nootropic:explain-here');
    expect(Notification.manager.notifications.map(each => each.message)).toEqual([expect.stringContaining('did not answer')]);
  });
});
