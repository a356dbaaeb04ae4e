import { LabIcon } from '@jupyterlab/ui-components';

/** Three tasks and what leads from one to the next. */
export const nootropicIcon = new LabIcon({
  name: 'nootropic:tasks',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <g class="jp-icon3" fill="#616161">
    <path d="M4 7.25h3.2L10 3.9l1.15.95L8.3 8l2.85 3.15-1.15.95-2.8-3.35H4z"/>
    <circle cx="3.5" cy="8" r="2.25"/>
    <circle cx="12" cy="3.75" r="2.25"/>
    <circle cx="12" cy="12.25" r="2.25"/>
  </g>
</svg>`
});

/** A conversation. */
export const chatIcon = icon(
  'chat',
  'M2 2h12a1 1 0 0 1 1 1v7.5a1 1 0 0 1-1 1H7.6L4 14.6v-3.1H2a1 1 0 0 1-1-1V3a1 1 0 0 1 1-1zm2.2 3v1.3h7.6V5zm0 2.7V9h5.2V7.7z'
);

/** Columns of tasks. */
export const boardIcon = icon('board', 'M1.75 2h3.6v12h-3.6zM6.2 2h3.6v7.5H6.2zM10.65 2h3.6v10h-3.6z');

/** A file with lines that come and go. */
export const reviewIcon = icon(
  'review',
  'M3 1h7l3.25 3.25V15H3zm4.5 4v1.8H5.7v1.3h1.8v1.8h1.3V8.1h1.8V6.8H8.8V5zm-1.8 6.4v1.3h4.9v-1.3z'
);

function icon(name: string, path: string): LabIcon {
  return new LabIcon({
    name: `nootropic:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <path class="jp-icon3" fill="#616161" fill-rule="evenodd" d="${path}"/>
</svg>`
  });
}
