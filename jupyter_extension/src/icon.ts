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
