import { describe, expect, it } from '@jest/globals';
import { retryDelay, ServerOutage } from '../../src/mail/delivery/server-outage.js';
import { openingFault, sendingFault } from '../../src/mail/delivery/smtp-fault.js';

describe('an SMTP server that cannot be used', () => {
  it('is tried again after 1, 2, 4, 8 and then every 15 seconds, and at once for all when it answers', () => {
    let now = 0;
    const outage = new ServerOutage(() => now);
    expect([outage.lasts, outage.pauseMs]).toEqual([false, 0]);
    const pauses: number[] = [];
    for (let fault = 0; fault < 7; fault++) {
      expect(outage.begin()).toBe(fault === 0);
      pauses.push(outage.pauseMs);
      now += outage.pauseMs;
      expect([outage.lasts, outage.pauseMs]).toEqual([true, 0]);
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    expect(outage.end()).toBe(true);
    expect([outage.lasts, outage.pauseMs, outage.end()]).toEqual([false, 0, false]);
  });

  it('is not given more time because several mails met it at once', () => {
    const outage = new ServerOutage(() => 0);
    for (let mail = 0; mail < 10; mail++) outage.begin();
    expect(outage.pauseMs).toBe(1000);
  });
});

describe('a mail that was put off', () => {
  it('is tried some ten times in the first hours, and then every hour of the day', () => {
    const waits = Array.from({ length: 12 }, (_, index) => retryDelay(index + 1, 0.5) / 1000);
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
    expect(retryDelay(1, 0)).toBe(4500);
    expect(retryDelay(1, 1)).toBe(5500);
  });
});

describe('what goes wrong', () => {
  const answer = (responseCode: number, code = 'EENVELOPE') =>
    Object.assign(new Error('Refused'), { code, responseCode, response: `${responseCode} because` });

  it.each([450, 451, 452, 503])('with %d may go later', (code) => {
    expect(sendingFault(answer(code), false)).toMatchObject({ about: 'mail', isPermanent: false });
  });

  it.each([550, 551, 552, 553, 554])('with %d will not', (code) => {
    expect(sendingFault(answer(code, 'EMESSAGE'), true)).toMatchObject({ about: 'mail', isPermanent: true });
  });

  it.each([421, 530, 535])('with %d is about the server or us, not about the mail', (code) => {
    expect(sendingFault(answer(code), false)).toMatchObject({ about: 'server', isPermanent: false });
  });

  it('before the connection is ready is never the fault of a mail, not even with 554', () => {
    expect(openingFault(answer(554, 'EPROTOCOL'))).toMatchObject({ about: 'server', isPermanent: false });
  });

  it('when a connection ends says whether the mail may have arrived', () => {
    const lost = Object.assign(new Error('Connection closed unexpectedly'), { code: 'ECONNECTION' });
    expect(sendingFault(lost, true)).toMatchObject({ about: 'mail', mayHaveArrived: true, isUntouched: false });
    expect(sendingFault(lost, false)).toMatchObject({ about: 'mail', mayHaveArrived: false, isUntouched: true });
  });

  it('is told on one line, without what could harm a log', () => {
    const odd = Object.assign(new Error('x'), {
      responseCode: 450,
      response: `450-a\r\n450 b\u001b[2J${'c'.repeat(999)}`,
    });
    const { message } = sendingFault(odd, false);
    expect(message.startsWith('450-a 450 b [2Jccc')).toBe(true);
    expect(message).toHaveLength(500);
  });
});
