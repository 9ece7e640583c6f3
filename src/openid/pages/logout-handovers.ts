import { Injectable } from '@nestjs/common';
import { Clock } from '../../config/clock.js';
import { Keyring } from '../../database/keyring.js';
import { seal, unseal } from '../../database/sealing.js';
import type { Logout, LogoutRequest } from './logout-requests.js';

/** What was posted, without the id_token: that has been looked at. */
export interface PostedLogout extends Omit<LogoutRequest, 'id_token_hint'> {
  /** As the id_token proved it. */
  readonly sessionId: Logout['sessionId'];
}

const LIFETIME_MS = 300_000;
const LABEL = 'openid:posted-logout';

/**
 * Leads a posted request on to a page by its address, which histories and the logs of proxies keep: sealed, without the id_token, and good
 * for five minutes.
 */
@Injectable()
export class LogoutHandovers {
  constructor(
    private readonly keyring: Keyring,
    private readonly clock: Clock,
  ) {}

  seal(posted: PostedLogout): string {
    const text = JSON.stringify({ posted, until: this.clock.now().getTime() + LIFETIME_MS });
    return seal(this.key, Buffer.from(text), LABEL).toString('base64url');
  }

  /** @returns undefined for one that is too old, or none of ours */
  open(sealed: string): PostedLogout | undefined {
    try {
      const text = unseal(this.key, Buffer.from(sealed, 'base64url'), LABEL).toString();
      const { posted, until } = JSON.parse(text) as { readonly posted: PostedLogout; readonly until: number };
      return until > this.clock.now().getTime() ? posted : undefined;
    } catch {
      return undefined;
    }
  }

  private get key(): Buffer {
    return this.keyring.current('openid-artifact').secret;
  }
}
