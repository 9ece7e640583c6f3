import type { Actor } from '../../access/caller.js';
import type { Choices } from './choices.js';

type Colleague = Extract<Actor, { readonly kind: 'user' }>;

/** The first admins and managers who were made up: they do what staff do to the others. */
export class Staff {
  private readonly colleagues: { readonly since: number; readonly actor: Colleague }[] = [];

  constructor(private readonly choices: Choices) {}

  add(actor: Colleague, since: number): void {
    this.colleagues.push({ since, actor });
  }

  /** Somebody who was there at that time, in milliseconds; undefined where nobody was. */
  at(time: number): Colleague | undefined {
    return this.one(({ since }) => since <= time);
  }

  admin(time: number): Colleague | undefined {
    return this.one(({ since, actor }) => since <= time && actor.role === 'ADMIN');
  }

  private one(
    fits: (colleague: { readonly since: number; readonly actor: Colleague }) => boolean,
  ): Colleague | undefined {
    const there = this.colleagues.filter(fits);
    return there.length === 0 ? undefined : this.choices.pick(there).actor;
  }
}
