import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { LoginService } from '../../auth/login/login.service.js';
import { HashingOverloaded } from '../../auth/passwords/hash-pool/hashing-overloaded.js';
import { Passwords } from '../../auth/passwords/passwords.js';
import type { SignedInResponse } from '../../auth/sessions/signed-in.response.js';
import { identifierKey } from '../../users/aggregate/identifiers.js';

/** Between looks whether there is room, before the person is told: 7.5 seconds in all, as long as people wait for a page. */
const PAUSES_MS = [500, 1000, 2000, 4000];
/** Nor does another pause go beyond this: what was let in and then refused after all has waited as well, up to `HASH_MAX_WAIT` each time. */
const LONGEST_MS = 10_000;
/** More forms than this do not wait, so that a flood of them costs no memory. */
const MOST_WAITING = 200;

/**
 * Sign-ins of the page by password, which wait while too many passwords are being checked. A program is told at once to come back; a
 * person would have to enter the password again, which no page repeats.
 */
@Injectable()
export class PatientLogins {
  private waiting = 0;

  constructor(
    private readonly logins: LoginService,
    private readonly passwords: Passwords,
  ) {}

  /**
   * Signs in once there is room, and tries again if others took it.
   * @throws HashingOverloaded if there is none in time; the errors of `LoginService.login`
   */
  async login(input: Parameters<LoginService['login']>[0]): Promise<SignedInResponse> {
    const account = identifierKey(input.identifier);
    // Known devices have places of their own, which a flood of forms from elsewhere does not take. The sign-in checks whose the token is.
    const lane = input.deviceToken === undefined ? 'other' : 'known';
    const began = performance.now();
    for (const pauseMs of PAUSES_MS) {
      try {
        // Apart from the sign-in, of whose rate limits a wait uses up nothing.
        this.passwords.checkRoom({ account, lane });
        return await this.logins.login(input);
      } catch (error) {
        const isPatient = this.waiting < MOST_WAITING && performance.now() - began + pauseMs < LONGEST_MS;
        if (!(error instanceof HashingOverloaded) || !isPatient) throw error;
      }
      await this.pause(pauseMs);
    }
    return this.logins.login(input);
  }

  /** With jitter, so that those that came together do not try again together. */
  private async pause(ms: number): Promise<void> {
    this.waiting++;
    try {
      await sleep(ms * (0.75 + Math.random() / 2));
    } finally {
      this.waiting--;
    }
  }
}
