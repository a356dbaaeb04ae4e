/**
 * How much of an answer that still comes is settled: up to there it ends with a blank line outside of fences, so that
 * nothing which follows changes how it looks (but for references; the whole is drawn anew at the end).
 */
export function settledLength(text: string): number {
  let settled = 0;
  let at = 0;
  let fence = '';
  let indented = false;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    if (end < 0) {
      break;
    }
    const line = text.slice(at, end);
    const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);
    if (fence === '' && mark !== null && !(mark[1]?.startsWith('`') && mark[2]?.includes('`'))) {
      fence = mark[1] ?? '';
    } else if (fence !== '') {
      if (mark !== null && mark[1]?.[0] === fence[0] && (mark[1]?.length ?? 0) >= fence.length && mark[2]?.trim() === '') {
        fence = '';
        settled = indented ? settled : end + 1;
      }
    } else if (line.trim() === '') {
      // A list may go on behind a blank line.
      settled = indented ? settled : end + 1;
    } else {
      indented = /^(?:\s|[-*+] |\d{1,9}[.)] |>)/.test(line);
    }
    at = end + 1;
  }
  return settled;
}
