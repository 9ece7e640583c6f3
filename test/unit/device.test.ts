import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { describeDevice, describeOrigin } from '../../src/rendering/device.js';

const AGENTS = {
  'Firefox on Linux': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Chrome on Windows':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Edge on Windows':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0',
  'Opera on Windows':
    'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 OPR/112.0',
  'Safari on macOS':
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
  'Safari on iOS':
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  'Chrome on iOS':
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 Mobile/15E148 Safari/604.1',
  'Chrome on Android':
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36',
  curl: 'curl/8.5.0',
};

describe('where a request came from, for a person', () => {
  it.each(Object.entries(AGENTS))('says %s', (said, agent) => {
    expect(describeDevice(agent)).toBe(said);
    // In mails and pages, which are in many languages, without a word between.
    expect(describeOrigin(agent, '203.0.113.5')).toBe(`${said.replace(/ on (.*)/, ' ($1)')}, 203.0.113.5`);
  });

  it('says what is known, and null when nothing is', () => {
    expect(describeOrigin('Mozilla/5.0 (Windows NT 10.0)', null)).toBe('Windows');
    expect(describeOrigin('my own program', '2001:db8::1')).toBe('2001:db8::1');
    expect(describeOrigin(null, '203.0.113.5')).toBe('203.0.113.5');
    expect(describeOrigin('my own program', null)).toBeNull();
    expect(describeOrigin('', '')).toBeNull();
    expect(describeOrigin(null, null)).toBeNull();
  });

  it.each([
    'Firefox/<script>alert(1)</script> Linux',
    'Firefox/1 Linux https://evil.example/reset?token=1',
    'Firefox/1 Linux\r\nBcc: victim@example.com',
    'Your account is locked, call 0900 Firefox/1 Linux',
  ])('never repeats what the sender wrote: %j', (agent) => {
    expect(describeOrigin(agent, null)).toBe('Firefox (Linux)');
  });

  it('has only words of our own lists, whatever the header is', () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom('Firefox/', 'Chrome/', 'Linux', 'Edg/', 'Version/1 Safari/', 'curl/'),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        expect(describeOrigin(parts.join(' '), null) ?? 'nothing').toMatch(
          /^(nothing|(Edge|Opera|Firefox|Chrome|Safari|curl)?( \(|$)?((iOS|Android|Windows|macOS|Linux)\)?)?)$/,
        );
      }),
    );
  });

  it('takes no long time for the longest header that is kept', () => {
    const started = performance.now();
    describeOrigin('Version/'.repeat(64), null);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
