import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { CellWatch } from '../cells';

let told = 0;
let watch: CellWatch;

function input(request: string, code: string): void {
  watch.take({ header: { msg_type: 'execute_input' }, parent_header: { msg_id: request }, content: { code } });
}

function idle(request: string): void {
  const content = { execution_state: 'idle' };
  watch.take({ header: { msg_type: 'status' }, parent_header: { msg_id: request }, content });
}

beforeEach(() => {
  vi.useFakeTimers();
  told = 0;
  watch = new CellWatch(() => told++);
});

afterEach(() => {
  watch.dispose();
  vi.useRealTimers();
});

describe('a cell', () => {
  it.each(['%noo accept P1', '%%noo plan\nA shop', '  %noo undo', 'x = 1\n%noo reject P1:2', 'turn = %noo accept P1'])(
    'that runs a verb is told when it has ended: %j',
    code => {
      input('1', code);
      vi.advanceTimersByTime(1000);
      expect(told).toBe(0);
      idle('1');
      vi.advanceTimersByTime(1000);
      expect(told).toBe(1);
    }
  );

  it.each(['x = 1', '# %noo accept P1', 'print("%noo")', '%noodles', '%time x'])('that runs none is not: %j', code => {
    input('1', code);
    idle('1');
    vi.advanceTimersByTime(1000);
    expect(told).toBe(0);
  });

  it('is told once with others that end soon after it, and not after the notebook was closed', () => {
    ['1', '2', '3'].forEach(request => {
      input(request, '%noo show P1');
      idle(request);
    });
    vi.advanceTimersByTime(1000);
    expect(told).toBe(1);
    input('4', '%noo show P1');
    idle('4');
    watch.dispose();
    vi.advanceTimersByTime(1000);
    expect(told).toBe(1);
  });

  it('bears messages without what it looks for', () => {
    watch.take({ header: { msg_type: 'status' }, parent_header: {}, content: {} });
    watch.take({ header: { msg_type: 'execute_input' }, parent_header: {}, content: {} });
    expect(told).toBe(0);
  });
});
