import { actions } from './plugins/actions';
import { board } from './plugins/board';
import { chat } from './plugins/chat';
import { client } from './plugins/client';
import { commands } from './plugins/commands';
import { events } from './plugins/events';
import { inline } from './plugins/inline';
import { menu } from './plugins/menu';
import { renderers } from './plugins/renderers';
import { review } from './plugins/review';
import { settings } from './plugins/settings';
import { status } from './plugins/status';
import { oneSwitch } from './plugins/switch';

export * from './tokens';

/** Each can be disabled on its own; the others then work without it. */
export default [settings, oneSwitch, events, client, renderers, commands, status, menu, actions, chat, review, board, inline];
