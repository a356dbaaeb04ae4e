// jsdom lacks some browser features that JupyterLab's packages touch while they load.
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
globalThis.requestIdleCallback ??= (callback: IdleRequestCallback) =>
  setTimeout(() => callback({ didTimeout: false, timeRemaining: () => 0 }), 0) as unknown as number;
globalThis.cancelIdleCallback ??= (handle: number) => clearTimeout(handle);
const observer = class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
  takeRecords(): [] {
    return [];
  }
};
globalThis.IntersectionObserver ??= observer as unknown as typeof IntersectionObserver;
globalThis.ResizeObserver ??= observer as unknown as typeof ResizeObserver;
