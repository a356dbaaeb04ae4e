import { Sanitizer } from '@jupyterlab/apputils';
import { describe, expect, it } from 'vitest';

import { settledLength } from '../chat/blocks';
import { QuietSanitizer, withoutDiagrams } from '../chat/quiet';
import { HOSTILE } from './fixtures';

const CODE = '```python\nx = 1\n\ny = 2\n```\n';

describe('what is settled of an answer that still comes', () => {
  it.each([
    ['', 0],
    ['half a line', 0],
    ['a paragraph\n', 0],
    ['a paragraph\n\nand', 13],
    [`${CODE}more`, CODE.length],
    [CODE.slice(0, -4), 0],
    ['- one\n\n- two\n\n', 0],
    ['- one\n\ntext\n\nmore', 13],
    ['````\n```\n\n````\n', 15],
    ['~~~\n```\n\n', 0]
  ])('%j: %i', (text, length) => {
    expect(settledLength(text)).toBe(length);
  });

  it('never shrinks while more comes', () => {
    const whole = `# A\n\nText\n\n${CODE}\n1. a\n\n2. b\n\n${CODE}\nEnd.\n\n`;
    let before = 0;
    for (let length = 0; length <= whole.length; length++) {
      const now = settledLength(whole.slice(0, length));
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
    }
    expect(before).toBe(whole.length);
  });
});

describe('what a model wrote', () => {
  const quiet = new QuietSanitizer(new Sanitizer());

  it.each([
    HOSTILE,
    '<img src="https://far.example/a.png">',
    '<img src="//far.example/a.png"><img srcset="https://far.example/a.png 2x">',
    '<div style="background:url(https://far.example/a)">x</div>',
    '<table background="https://far.example/a"><tr><td>x</td></tr></table>',
    '<video src="https://far.example/a" poster="https://far.example/b"></video>',
    '<svg><image href="https://far.example/a"/></svg>',
    '<form action="https://far.example/"><input autofocus onfocus="hacked=1"><button>x</button></form>',
    '<a href="javascript:hacked=1">x</a><a href="data:text/html,x">y</a><a href=" java\nscript:x">z</a>',
    '<iframe srcdoc="x"></iframe><object data="x"></object><embed src="x"><base href="https://far.example/">',
    '<button data-commandlinker-command="terminal:create-new">x</button>',
    '<div class="jp-Dialog" id="main">x</div>'
  ])('loads, runs and covers nothing: %s', html => {
    const { body } = new DOMParser().parseFromString(quiet.sanitize(html), 'text/html');
    expect(body.querySelector('script,style,link,img,svg,video,iframe,object,embed,base,form,input,button')).toBeNull();
    for (const element of body.querySelectorAll('*')) {
      const names = element.getAttributeNames().filter(name => name !== 'xmlns');
      expect(names.filter(name => !['href', 'title', 'alt'].includes(name))).toEqual([]);
      expect(element.getAttribute('href') ?? '#').not.toMatch(/^\s*(java\s*script|data):/i);
    }
  });

  it('keeps what an answer is made of', () => {
    const kept = quiet.sanitize(
      '<h1>A</h1><ol start="3"><li>b</li></ol><pre><code class="language-python"><span class="ͼ1 jp-Dialog">x</span></code></pre>' +
        '<a href="https://example.org/">c</a><img alt="d" src="data:image/png;base64,AAAA"><input type="checkbox" checked>'
    );
    const { body } = new DOMParser().parseFromString(kept, 'text/html');
    expect(body.textContent).toBe('Abxc☑ ');
    expect(body.querySelector('ol')?.getAttribute('start')).toBe('3');
    expect(body.querySelector('pre span')?.className).toBe('ͼ1');
    expect(body.querySelector('a')?.getAttribute('href')).toBe('https://example.org/');
    expect(body.querySelector('img')).not.toBeNull();
  });

  it.each(['```mermaid\ngraph\n```', '~~~~  Mermaid\u00a0\ngraph\n~~~~', '> - ```mermaid\r\n> graph'])(
    'has its diagrams as text: %j',
    text => {
      expect(withoutDiagrams(text)).not.toMatch(/mermaid/i);
      expect(withoutDiagrams(text)).toContain('graph');
    }
  );

  it('may speak of diagrams', () => {
    expect(withoutDiagrams('Use `mermaid`.\n```js\nmermaid\n```')).toBe('Use `mermaid`.\n```js\nmermaid\n```');
  });
});
