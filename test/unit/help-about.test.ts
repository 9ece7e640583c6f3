import { describe, expect, it } from '@jest/globals';
import { readAbout } from '../../src/help/about.js';
import { DE } from '../../src/help/words/de.js';
import { EN } from '../../src/help/words/en.js';

const ID = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('what somebody pastes', () => {
  it.each([
    ['ada@example.com', { kind: 'address', address: 'ada@example.com' }],
    [' Ada Lovelace <ada@example.com> ', { kind: 'address', address: 'ada@example.com' }],
    ['mailto:ada@example.com', { kind: 'address', address: 'ada@example.com' }],
    ['To: ada@example.com', { kind: 'address', address: 'ada@example.com' }],
    [`<${ID}@roster.example>`, { kind: 'message', id: ID, address: `${ID}@roster.example` }],
    [`Message-ID: <${ID.toUpperCase()}@x>`, { kind: 'message', id: ID, address: `${ID.toUpperCase()}@x` }],
    [ID.toUpperCase(), { kind: 'id', id: ID }],
    [TRACE, { kind: 'trace', traceId: TRACE }],
    [`00-${TRACE}-00f067aa0ba902b7-01`, { kind: 'trace', traceId: TRACE }],
    [`X-Trace-Id: ${TRACE}`, { kind: 'trace', traceId: TRACE }],
    ['+44 (20) 7946-0958', { kind: 'phone', phone: '+442079460958' }],
    ['0044 20 7946 0958', { kind: 'phone', phone: '+442079460958' }],
    ['ada', { kind: 'word', word: 'ada' }],
    ['@', { kind: 'word', word: '@' }],
    ['2079460958', { kind: 'word', word: '2079460958' }],
  ])('%s', (pasted, about) => {
    expect(readAbout(pasted)).toEqual(about);
  });
});

describe('the languages of help', () => {
  it('have a sentence for the same facts', () => {
    expect(Object.keys(DE.facts).sort()).toEqual(Object.keys(EN.facts).sort());
  });
});
