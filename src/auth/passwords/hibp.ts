import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Log } from '../../ops/log.js';

const PUBLIC_SERVICE = 'https://api.pwnedpasswords.com';
const PATIENCE_MS = 1500;

/**
 * Asks Have I Been Pwned whether a password has appeared in a breach (https://haveibeenpwned.com/API/v3#PwnedPasswords). It
 * receives the first five characters of the password's SHA-1, shared by hundreds of passwords, and pads its response, so that
 * neither it nor an eavesdropper learns the password.
 */
@Injectable()
export class BreachedPasswords {
  constructor(
    private readonly enabled: boolean,
    private readonly log: Log,
    private readonly service = PUBLIC_SERVICE,
  ) {}

  /** Also false if the service does not respond within 1.5 s: it must not block password changes. */
  async has(password: string): Promise<boolean> {
    if (!this.enabled) return false;
    const digest = createHash('sha1').update(password.normalize('NFKC')).digest('hex').toUpperCase();
    try {
      const suffixes = await this.range(digest.slice(0, 5));
      return suffixes.has(digest.slice(5));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.log.warn({ reason }, 'Have I Been Pwned unavailable; accepted a new password unchecked');
      return false;
    }
  }

  private async range(prefix: string): Promise<Set<string>> {
    const response = await fetch(`${this.service}/range/${prefix}`, {
      headers: { 'add-padding': 'true', 'user-agent': 'Roster' },
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    const lines = (await response.text()).split(/\r?\n/);
    // Padding has the count 0.
    return new Set(lines.flatMap((line) => /^([0-9A-F]{35}):0*[1-9]\d*$/.exec(line)?.[1] ?? []));
  }
}
