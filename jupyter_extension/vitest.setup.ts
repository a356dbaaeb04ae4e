// jsdom lacks two browser features that JupyterLab's packages touch while they load.
globalThis.DragEvent ??= class DragEvent extends MouseEvent {} as unknown as typeof DragEvent;
window.matchMedia ??= ((query: string) => ({
  matches: false,
  media: query,
  onchange: null,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
  addListener: () => undefined,
  removeListener: () => undefined,
  dispatchEvent: () => false
})) as unknown as typeof window.matchMedia;
