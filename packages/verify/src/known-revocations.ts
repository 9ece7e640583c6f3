/** A row of `GET /auth/revocations`: `sid`, `sub` or `kid`. */
export interface Revocation {
  readonly position: number;
  readonly sid?: string;
  readonly sub?: string;
  readonly kid?: string;
  readonly epoch?: number;
  readonly reason: string;
  readonly at: string;
}

/** What of a token a revocation can be about. */
export interface RevocableToken {
  readonly sub: string;
  readonly sid: string;
  readonly kid: string;
  /** Seconds. */
  readonly iat: number;
  readonly epoch: number | undefined;
}

interface UserRevocation {
  readonly epoch: number;
  readonly at: number;
  readonly until: number;
}

/** For tokens without an epoch: clocks differ, and a token may be signed a moment after its role was read. */
const MARGIN_MS = 5000;

/** The revocations that may still be about a token that has not expired. */
export class KnownRevocations {
  private readonly sessions = new Map<string, number>();
  private readonly keys = new Map<string, number>();
  private readonly users = new Map<string, UserRevocation>();

  /** @param keptForMs how long a token from before may live */
  add({ sid, sub, kid, epoch, reason, at }: Revocation, keptForMs: number): void {
    const until = performance.now() + keptForMs;
    if (sid !== undefined) this.sessions.set(sid, until);
    if (kid !== undefined && reason === 'key-destroyed') this.keys.set(kid, until);
    if (sub === undefined) return;
    const known = this.users.get(sub);
    this.users.set(sub, {
      epoch: Math.max(epoch ?? 0, known?.epoch ?? 0),
      at: Math.max(Date.parse(at), known?.at ?? 0),
      until,
    });
  }

  revokes({ sub, sid, kid, iat, epoch }: RevocableToken): boolean {
    if (this.sessions.has(sid) || this.keys.has(kid)) return true;
    const user = this.users.get(sub);
    if (!user) return false;
    return epoch === undefined ? iat * 1000 <= user.at + MARGIN_MS : epoch < user.epoch;
  }

  forgetOld(): void {
    const now = performance.now();
    for (const [id, until] of this.sessions) if (until < now) this.sessions.delete(id);
    for (const [id, until] of this.keys) if (until < now) this.keys.delete(id);
    for (const [id, { until }] of this.users) if (until < now) this.users.delete(id);
  }
}
