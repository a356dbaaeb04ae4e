import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICompletionProviderManager, IInlineCompleterFactory } from '@jupyterlab/completer';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { reason } from '../api';
import { InlineProvider, PROVIDER } from '../inline/provider';
import { settingsOr } from '../settings';
import { DOMAIN, INootropic, INootropicSettings } from '../tokens';

/** Grey text from a local model while a person types; off until they switch it on. */
export const inline: JupyterFrontEndPlugin<void> = {
  id: 'nootropic-lab:inline',
  description: 'Proposes code while a person types.',
  autoStart: true,
  requires: [INootropic],
  optional: [ICompletionProviderManager, IInlineCompleterFactory, INootropicSettings, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    client: INootropic,
    manager: ICompletionProviderManager | null,
    factory: IInlineCompleterFactory | null,
    settings: INootropicSettings | null,
    translator: ITranslator | null
  ): void => {
    if (manager === null) {
      return;
    }
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const kept = settingsOr(settings);
    const provider = new InlineProvider({
      client,
      settings: kept,
      trans,
      localPath: path => app.serviceManager.contents.localPath(path)
    });
    // At once, and also while it is off: JupyterLab asks only who was there when its own settings were read.
    manager.registerInlineProvider(provider);
    kept.changed.connect(() => {
      if (!kept.inlineCompletions) {
        provider.stop();
      }
    });
    if (factory === null) {
      return;
    }
    // JupyterLab tells nobody that a completion was taken: each completer that its factory makes is asked to tell. In
    // place, because editors that come back with the window are there before any other factory could be set.
    const make = factory.factory.bind(factory);
    factory.factory = options => {
      const completer = make(options);
      const accept = completer.accept.bind(completer);
      completer.accept = () => {
        const { current } = completer;
        // Read first: what is inserted is taken off the item at once.
        const insertText = current?.insertText ?? '';
        accept();
        if (current?.provider.identifier === PROVIDER) {
          provider.taken(insertText).catch((error: unknown) => {
            console.warn('A completion was not noted:', reason(error));
          });
        }
      };
      return completer;
    };
  }
};
